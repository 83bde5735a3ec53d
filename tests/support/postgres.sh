# Sourced by scripts that need a throw-away PostgreSQL cluster on a socket in a temporary folder,
# which is stopped and removed when the script ends.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

install() {
    as_root apt-get install -y -qq "$@" >/dev/null 2>&1 || {
        as_root apt-get update -qq
        as_root apt-get install -y -qq "$@" >/dev/null
    }
}

postgres_bin() {
    if command -v initdb >/dev/null; then dirname "$(command -v initdb)"; return; fi
    ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1
}

# PostgreSQL does not run as root: then it runs as the user that its package made.
pg_run() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

stop_postgres() {
    pg_run "$pg/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}

# Starts a cluster with the given options of the server and sets postgres_url.
start_postgres() {
    [ -n "$(postgres_bin)" ] || install postgresql
    pg=$(postgres_bin)
    [ -x "$pg/initdb" ] || { echo "no PostgreSQL, and it could not be installed" >&2; exit 1; }
    folder=$(mktemp -d "${TMPDIR:-/tmp}/customer360-test.XXXXXX")
    trap stop_postgres EXIT
    trap 'exit 130' INT TERM
    if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
    chmod 755 "$folder"
    pg_run "$pg/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
    pg_run "$pg/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-k $folder -h '' -p 5432 $*" start >/dev/null
    postgres_url="postgres://postgres@localhost:5432/postgres?host=$folder"
}
