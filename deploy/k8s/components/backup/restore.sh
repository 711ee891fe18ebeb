#!/bin/bash
# Prove or perform a restore, or say what there is to restore.
#   restore.sh list            one line a backup, the newest first
#   restore.sh check [STAMP]   into a throwaway server on a socket in WORK_DIR; compares checksums, row counts, audit root;
#                              then the mirrored files with theirs
#   restore.sh live  STAMP     into the server of PGHOST/PGDATABASE, in one transaction; then compares the same
# BACKUP_DIR (/backups), WORK_DIR (/scratch, for check), PASSWORD_FILE (live). Without STAMP the newest backup is taken.
set -euo pipefail
umask 077

mode=$1
backup_dir=${BACKUP_DIR:-/backups}
work=${WORK_DIR:-/scratch}
stamp=${2:-}
kept() { find "$backup_dir" -maxdepth 1 -type d -name '20*Z' -printf '%f\n' | sort -r; }
if [ "$mode" = list ]; then
  for name in $(kept); do
    printf '%s  %s  %s tables  %s\n' "$name" "$(du -sh "$backup_dir/$name" | cut -f1)" \
      "$(wc -l < "$backup_dir/$name/counts.txt")" \
      "$(if [ -e "$backup_dir/$name/restored-ok" ]; then echo "proven $(cat "$backup_dir/$name/restored-ok")"; else echo 'not proven'; fi)"
  done
  exit 0
fi
if [ -z "$stamp" ]; then stamp=$(kept | head -1); fi
if [ -z "$stamp" ]; then echo "there is no backup in $backup_dir" >&2; exit 2; fi
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
  # A dump names the roles that own things and does not hold them: the migrations make them.
  pg_restore --list "$backup/database.dump" | awk '!/^;/ && !/ $/ { print $NF }' | sort -u > "/tmp/owners.$$"
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGDATABASE" -c 'SELECT rolname FROM pg_roles' | sort > "/tmp/roles.$$"
  lacking=$(comm -23 "/tmp/owners.$$" "/tmp/roles.$$" | tr '\n' ' ')
  if [ -n "$lacking" ]; then echo "the server lacks the roles ${lacking}: roll the platform out first, its migrations make them" >&2; exit 3; fi
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
if [ "$mode" = live ]; then echo "restore live of $stamp: $(wc -l < "$backup/counts.txt") tables, counts and audit root agree"; exit 0; fi

# Of a file that grew the newest sum counts.
files=0
for sums in "$backup_dir"/files/*.sha256; do
  if [ ! -e "$sums" ]; then continue; fi
  awk '{ line[substr($0, 67)] = $0 } END { for (path in line) print line[path] }' "$sums" > "$work/sums"
  if ! (cd "${sums%.sha256}" && sha256sum --quiet -c "$work/sums"); then
    echo "mirrored files of $(basename "$sums" .sha256) are damaged or gone" >&2; exit 1
  fi
  files=$((files + $(wc -l < "$work/sums")))
done
date -u +%Y%m%dT%H%M%SZ > "$backup/restored-ok"
echo "restore check of $stamp: $(wc -l < "$backup/counts.txt") tables, counts and audit root agree; $files mirrored files are whole"
