"""How do files and foreign data sets get into the record, row by row and with reasons? Formerly op-import."""
