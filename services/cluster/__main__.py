"""`python -m services.cluster`: the command group alone."""

from services.cluster.app import app

app(prog_name="openpolicy cluster")
