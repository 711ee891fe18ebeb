#!/bin/bash
# Prove or perform a restore.
#   restore.sh check [STAMP]   into a throwaway server on a socket in WORK_DIR; compares checksums, row counts, audit root
#   restore.sh live  STAMP     into the server of PGHOST/PGDATABASE, in one transaction; then compares the same
# BACKUP_DIR (/backups), WORK_DIR (/scratch, for check), PASSWORD_FILE (live). Without STAMP the newest backup is taken.
set -euo pipefail
umask 077

mode=$1
backup_dir=${BACKUP_DIR:-/backups}
work=${WORK_DIR:-/scratch}
stamp=${2:-}
if [ -z "$stamp" ]; then stamp=$(cd "$backup_dir" && ls -d 20*Z | sort | tail -1); fi
case "$stamp" in (*[!0-9TZ]*|'') echo "not a backup's name: '$stamp'" >&2; exit 2;; esac
backup="$backup_dir/$stamp"
(cd "$backup" && sha256sum --quiet -c SHA256SUMS)

if [ "$mode" = check ]; then
  export PGHOST=$work PGUSER=postgres PGDATABASE=restored
  unset PGPASSWORD
  rm -rf "$work/data"
  initdb -D "$work/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  # Small on purpose: the whole check fits in 256 MiB.
  pg_ctl -D "$work/data" -w -l "$work/log" start -o "-c listen_addresses='' -c unix_socket_directories='$work' \
    -c shared_buffers=32MB -c maintenance_work_mem=32MB -c max_connections=8 -c fsync=off -c full_page_writes=off \
    -c max_parallel_workers=0 -c max_parallel_maintenance_workers=0 -c autovacuum=off -c max_wal_size=256MB" >/dev/null
  trap 'pg_ctl -D "$work/data" -m immediate stop >/dev/null; rm -rf "$work/data"' EXIT
  createdb "$PGDATABASE"
  pg_restore --exit-on-error --no-owner --no-privileges -d "$PGDATABASE" "$backup/database.dump"
elif [ "$mode" = live ]; then
  if [ -n "${PASSWORD_FILE:-}" ]; then PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD; fi
  pg_restore --exit-on-error --clean --if-exists --single-transaction -d "$PGDATABASE" "$backup/database.dump"
else
  echo "check or live, not '$mode'" >&2; exit 2
fi

psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGDATABASE" > "/tmp/counts.$$" <<'SQL'
SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || relname, schemaname, relname)
FROM pg_stat_user_tables ORDER BY 1 \gexec
SQL
psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGDATABASE" -f "${AUDIT_SQL:-/scripts/audit-root.sql}" > "/tmp/root.$$"
if ! diff "$backup/counts.txt" "/tmp/counts.$$"; then echo "row counts differ from $stamp" >&2; exit 1; fi
if ! diff "$backup/audit-root.txt" "/tmp/root.$$"; then echo "audit root differs from $stamp" >&2; exit 1; fi
if [ "$mode" = check ]; then date -u +%Y%m%dT%H%M%SZ > "$backup/restored-ok"; fi
echo "restore $mode of $stamp: $(wc -l < "$backup/counts.txt") tables, counts and audit root agree"
