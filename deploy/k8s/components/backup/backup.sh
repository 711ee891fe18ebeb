#!/bin/bash
# One backup: a folder /backups/<UTC stamp>/ with the dump, the row counts and the audit root of the same snapshot, and
# checksums of all; written under a .part name and renamed when complete. Files (archive, uploads) are mirrored: they
# never change once written, so only what is new or longer is copied.
#
# PGHOST, PGUSER, PGDATABASE  the server (libpq's own names); PASSWORD_FILE: file with the password (optional)
# BACKUP_DIR                  where backups go (/backups)
# FILES_DIRS                  folders to mirror, separated by spaces; a missing one is skipped with a word
# KEEP_DAYS, KEEP_WEEKS       retention: the newest of each of so many days, and of so many weeks
set -euo pipefail
umask 077

backup_dir=${BACKUP_DIR:-/backups}
keep_days=${KEEP_DAYS:-7}
keep_weeks=${KEEP_WEEKS:-4}
if [ -n "${PASSWORD_FILE:-}" ]; then PGPASSWORD=$(cat "$PASSWORD_FILE"); export PGPASSWORD; fi

stamp=$(date -u +%Y%m%dT%H%M%SZ)
# Two within one second: the later waits for a name of its own.
while [ -e "$backup_dir/$stamp" ]; do sleep 0.2; stamp=$(date -u +%Y%m%dT%H%M%SZ); done
part="$backup_dir/$stamp.part"
final="$backup_dir/$stamp"
# A backup that died leaves its .part behind; the next one clears it.
find "$backup_dir" -maxdepth 1 -type d -name '*.part' -exec rm -rf {} +
mkdir -p "$part"
trap 'rm -rf "$part"' EXIT

# One session holds the snapshot; the dump, the counts and the audit root all see the same moment.
coproc SESSION { psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$PGDATABASE"; }
session_in=${SESSION[1]}; session_out=${SESSION[0]}
echo "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0;
SELECT pg_export_snapshot();" >&"$session_in"
if ! read -r -t 60 snapshot <&"$session_out"; then echo "no snapshot from $PGHOST" >&2; exit 1; fi

pg_dump -Fc --compress=6 --snapshot="$snapshot" --no-password -d "$PGDATABASE" -f "$part/database.dump"

{ echo "SET statement_timeout = 0;"
  echo "SELECT format('SELECT %L, count(*) FROM %I.%I', schemaname || '.' || relname, schemaname, relname)
    FROM pg_stat_user_tables ORDER BY 1 \\gexec"
  echo "\\echo end-of-counts"; } >&"$session_in"
while read -r -t 600 line <&"$session_out"; do
  if [ "$line" = end-of-counts ]; then complete=yes; break; fi
  echo "$line"
done > "$part/counts.txt"
if [ "${complete:-}" != yes ]; then echo "the row counts ended early" >&2; exit 1; fi

cat "${AUDIT_SQL:-/scripts/audit-root.sql}" >&"$session_in"
echo "\\echo end-of-root" >&"$session_in"
complete=
while read -r -t 600 line <&"$session_out"; do
  if [ "$line" = end-of-root ]; then complete=yes; break; fi
  echo "$line"
done > "$part/audit-root.txt"
if [ "$complete" != yes ]; then echo "the audit root ended early" >&2; exit 1; fi
echo "COMMIT; \\q" >&"$session_in"

# pg_dump can answer 0 over a file that does not restore: reading its table of contents is the cheap half of the proof,
# the weekly restore the other.
pg_restore --list "$part/database.dump" > "$part/contents.txt"
(cd "$part" && sha256sum database.dump counts.txt audit-root.txt contents.txt > SHA256SUMS)
sync
mv "$part" "$final"
trap - EXIT

for folder in ${FILES_DIRS:-}; do
  if [ ! -d "$folder" ]; then echo "no folder $folder: nothing of it is kept"; continue; fi
  mirror="$backup_dir/files/$(basename "$folder")"
  mkdir -p "$mirror"
  # Drafts, which are renamed when complete, are hidden files or .part.
  (cd "$folder" && find . -type f ! -name '*.part' ! -name '.*' -printf '%s\t%P\n') | while IFS=$'\t' read -r size path; do
    kept=$(stat -c %s "$mirror/$path" 2>/dev/null || echo none)
    if [ "$kept" = "$size" ]; then continue; fi
    mkdir -p "$mirror/$(dirname "$path")"
    if ! cp -p "$folder/$path" "$mirror/$path.part"; then
      # Deleted since it was listed: nothing is lost. Anything else is.
      if [ ! -e "$folder/$path" ]; then rm -f "$mirror/$path.part"; echo "gone meanwhile: $path"; continue; fi
      echo "cannot keep $folder/$path" >&2; exit 1
    fi
    mv "$mirror/$path.part" "$mirror/$path"
    (cd "$mirror" && sha256sum "$path") >> "$backup_dir/files/$(basename "$folder").sha256"
  done
done

# Retention: names sort by time; the newest of each day and of each week stays.
days=" "; weeks=" "; day_count=0; week_count=0
for name in $(cd "$backup_dir" && ls -d 20*Z 2>/dev/null | sort -r); do
  day=${name:0:8}; week=$(date -u -d "$day" +%G%V); keep=no
  case "$days" in *" $day "*) ;; *) if [ "$day_count" -lt "$keep_days" ]; then days="$days$day "; day_count=$((day_count + 1)); keep=yes; fi;; esac
  case "$weeks" in *" $week "*) ;; *) if [ "$week_count" -lt "$keep_weeks" ]; then weeks="$weeks$week "; week_count=$((week_count + 1)); keep=yes; fi;; esac
  if [ "$keep" = no ] && [ "$name" != "$stamp" ]; then rm -rf "${backup_dir:?}/$name"; echo "removed $name"; fi
done
echo "backup $final: $(du -sh "$final" | cut -f1), $(wc -l < "$final/counts.txt") tables"
