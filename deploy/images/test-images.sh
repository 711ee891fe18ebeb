#!/bin/bash
# Build the real Dockerfile and run the platform of compose.yaml on it, where no image can be pulled: the bases are made
# from Debian's packages. Proves that every image starts, serves and does its part of a scrape inside its own memory
# limit, as nobody special, on a read-only root; and that a container beyond its limit is ended.
#
# Needs root. Uses a dockerd of its own and leaves nothing running; keeps the bases in ~/.cache/openpolicy/images.
#   KEEP=1       leaves the containers and the folder for a look
#   TIMEOUT_S    seconds for all of it (900)
#   DATA_ROOT    folder of the engine, kept from run to run: builds are then taken from its cache
set -euo pipefail
cd "$(dirname "$0")/../.."
timeout_s=${TIMEOUT_S:-900}
if [ -z "${INSIDE:-}" ]; then INSIDE=1 exec timeout --kill-after=60 "$timeout_s" "$0" "$@"; fi

say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }
die() { say "FAILED: $*"; exit 1; }
[ "$(id -u)" = 0 ] || die "needs root: it starts a container engine of its own"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/openpolicy/images
work=$(mktemp -d /tmp/openpolicy-images.XXXXXX)
engine=
project=openpolicy-test
export DOCKER_HOST=unix://$work/docker.sock DOCKER_BUILDKIT=0 COMPOSE_PROJECT_NAME=$project

# Volumes fit the secrets they were made with: with a kept DATA_ROOT they would outlive them.
forget_volumes() { $DOCKER volume ls -q --filter "name=${project}_" 2>/dev/null | xargs -r $DOCKER volume rm -f >/dev/null 2>&1 || true; }

cleanup() {
  status=$?
  if [ "${KEEP:-0}" = 1 ]; then say "kept $work; DOCKER_HOST=$DOCKER_HOST, dockerd is process $engine"; exit $status; fi
  if [ -n "$engine" ]; then
    $DOCKER ps -aq 2>/dev/null | xargs -r $DOCKER rm -f -v >/dev/null 2>&1 || true
    $DOCKER network prune -f >/dev/null 2>&1 || true
    forget_volumes
    kill "$engine" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "$engine" 2>/dev/null || break; sleep 0.2; done
    # What the engine leaves behind in the kernel's tables, by its own names.
    for table in nat filter; do
      iptables-save -t $table 2>/dev/null | grep -E '^-A .*(DOCKER|docker0|br-)' | sed 's/^-A/-D/' |
        while read -r rule; do eval "iptables -t $table $rule" 2>/dev/null || true; done
      iptables-save -t $table 2>/dev/null | grep -oE '^:DOCKER[A-Z0-9-]*' | tr -d : |
        while read -r chain; do iptables -t $table -F "$chain" 2>/dev/null; iptables -t $table -X "$chain" 2>/dev/null || true; done
    done
    ip link delete docker0 2>/dev/null || true
  fi
  # Networks of containers that were ended in the middle stay mounted below.
  awk -v below="$work/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r -n 1 umount 2>/dev/null || true
  rm -rf "$work"
  exit $status
}
trap cleanup EXIT

# ---- tools
install() {
  for pair in dockerd:docker.io debootstrap:debootstrap docker-compose:docker-compose iptables:iptables; do
    command -v "${pair%%:*}" >/dev/null || missing="${missing:-} ${pair##*:}"
  done
  if [ -n "${missing:-}" ]; then
    say "installing$missing"
    policy=/usr/sbin/policy-rc.d; had=yes
    [ -e $policy ] || { had=no; printf '#!/bin/sh\nexit 101\n' > $policy; chmod +x $policy; }
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends $missing >/dev/null
    [ $had = yes ] || rm -f $policy
  fi
}
install
DOCKER=/usr/bin/docker; [ -x $DOCKER ] || DOCKER=docker

# ---- bases, from Debian's packages
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 2>/dev/null | grep -m1 -E 'debian/?$' || true)
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mkdir -p "$cache"
if [ ! -s "$cache/python-$suite.tar" ]; then
  say "making the Python base ($suite)"
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$work/base" ${mirror:+"$mirror"} >"$work/debootstrap.log" 2>&1 ||
    { tail -5 "$work/debootstrap.log"; die "debootstrap"; }
  rm -rf "$work/base/var/cache/apt/archives"/*.deb "$work/base/var/lib/apt/lists"/*
  tar -C "$work/base" -cf "$cache/python-$suite.tar.part" . && mv "$cache/python-$suite.tar.part" "$cache/python-$suite.tar"
fi
if [ ! -s "$cache/infra-$suite.tar" ]; then
  say "making the base of the servers"
  root=$work/infra; mkdir -p "$root"
  tar -C "$root" -xf "$cache/python-$suite.tar"
  cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d "$root/etc/apt/" 2>/dev/null || true
  cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"; chmod +x "$root/usr/sbin/policy-rc.d"
  DEBIAN_FRONTEND=noninteractive chroot "$root" sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    postgresql redis-server rabbitmq-server && apt-get clean && rm -rf /var/lib/apt/lists/*' >"$work/infra.log" 2>&1 ||
    { tail -5 "$work/infra.log"; die "the servers' packages"; }
  tar -C "$root" -cf "$cache/infra-$suite.tar.part" . && mv "$cache/infra-$suite.tar.part" "$cache/infra-$suite.tar"
  rm -rf "$root"
fi

# ---- engine
say "starting an engine"
dockerd --data-root "${DATA_ROOT:-$work/data}" --exec-root "$work/exec" -H "$DOCKER_HOST" --pidfile "$work/docker.pid" \
  --storage-driver "${STORAGE_DRIVER:-overlay2}" >"$work/dockerd.log" 2>&1 &
engine=$!
for _ in $(seq 100); do $DOCKER info >/dev/null 2>&1 && break; kill -0 $engine 2>/dev/null || { tail -3 "$work/dockerd.log"; die "dockerd"; }; sleep 0.2; done
# With a kept DATA_ROOT the containers of a run that was killed start again with the engine.
$DOCKER ps -aq | xargs -r $DOCKER rm -f -v >/dev/null
base=$(sed -n 's/^ARG BASE=//p' deploy/images/Dockerfile | head -1)
$DOCKER import -q "$cache/python-$suite.tar" "$base" >/dev/null 2>&1 || $DOCKER import "$cache/python-$suite.tar" "$base" >/dev/null
$DOCKER import "$cache/infra-$suite.tar" openpolicy/infra-base >/dev/null

# ---- images: wheels first, then builds without a network
say "fetching wheels by hash"
python=${PYTHON_HOST:-.venv/bin/python}
for component in build hub scraper; do
  # The base's Python 3.11 may be an older patch than ours: what only that needs is fetched as well.
  python3 deploy/images/select_lock.py $component |
    sed -E "s/ ; python_full_version < '3\.11\.[0-9]+' / /" > "$work/$component.lock"
  # What was fetched for the same lines before is there.
  cmp -s "$work/$component.lock" "$cache/wheels/.$component.lock" && continue
  "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes \
    -d "$cache/wheels" -r "$work/$component.lock"
  cp "$work/$component.lock" "$cache/wheels/.$component.lock"
done
(cd "$cache/wheels" && { ls libatomic1_*.deb >/dev/null 2>&1 || apt-get download -qq libatomic1 2>/dev/null; }) || die "no libatomic1"
context=$work/context; mkdir -p "$context/deploy/images/wheels"
cp -r pyproject.toml requirements.lock LICENSE README.md alembic.ini shared hubs services "$context/"
cp -r deploy/images/. "$context/deploy/images/"
find "$context" -name __pycache__ -prune -exec rm -rf {} +
for component in hub scraper; do
  find "$context/deploy/images/wheels" -type f ! -name README.md -delete
  cat "$work/build.lock" "$work/$component.lock" | sed -nE 's/^([A-Za-z0-9._-]+)==([^ ;]+).*/\1 \2/p' | while read -r name version; do
    pattern=$(echo "$name" | tr -- '-.' '__')-$version
    find "$cache/wheels" \( -iname "$pattern-*.whl" -o -iname "$pattern.tar.gz" -o -iname "$name-$version.tar.gz" \) \
      -exec cp {} "$context/deploy/images/wheels/" \;
  done
  cp "$cache/wheels"/*.deb "$context/deploy/images/wheels/"
  say "building openpolicy/$component"
  $DOCKER build --network none -q -f "$context/deploy/images/Dockerfile" --build-arg COMPONENT=$component \
    --target $component -t "openpolicy/$component:0.1.0" "$context" >"$work/build.log" 2>&1 || { tail -20 "$work/build.log"; die "building $component"; }
  $DOCKER build --network none -q -f "$context/deploy/images/Dockerfile" --build-arg COMPONENT=$component --target sbom \
    -t openpolicy/sbom "$context" >/dev/null || die "the bill of materials of $component"
  held=$($DOCKER create openpolicy/sbom none)
  $DOCKER cp "$held:/sbom.json" "$work/sbom-$component.json" >/dev/null && $DOCKER rm "$held" >/dev/null
  say "openpolicy/$component: $(grep -c '"purl"' "$work/sbom-$component.json") components in its bill of materials"
done
images=$(grep -oE 'image: [^ ]+' deploy/compose.yaml | awk '{print $2}' | sort -u)
for server in postgres redis rabbitmq; do
  name=$(echo "$images" | grep -E "^$server:")
  $DOCKER build --network none -q --target $server -t "$name" deploy/images/infra >/dev/null || die "building $server"
done
$DOCKER images --format '{{.Repository}}:{{.Tag}}  {{.Size}}' | grep -vE 'none|base|sbom'

# ---- what an image must not hold
for image in openpolicy/hub:0.1.0 openpolicy/scraper:0.1.0; do
  found=$($DOCKER run --rm --network none --entrypoint sh "$image" -c \
    'for t in gcc cc make pip pip3 curl wget git; do command -v $t; done; python -c "import pip" 2>/dev/null && echo pip; id -u' | tr '\n' ' ')
  [ "$found" = "10001 " ] || die "$image holds or is: $found"
done
say "no compiler, no installer, not root"

# ---- beyond its limit a container is ended
code=0
$DOCKER run --rm --network none -m 256m --memory-swap 256m --entrypoint python openpolicy/hub:0.1.0 \
  -c 'held = [bytearray(2**20) for _ in range(400)]' >/dev/null 2>&1 || code=$?
[ $code = 137 ] || die "400 MiB inside 256m ended with $code, not 137"
say "a hub's container beyond 256 MiB ends with 137"

# ---- the platform of compose.yaml
mkdir -p "$work/deploy"
cp -r deploy/compose.yaml deploy/k8s "$work/deploy/"
"${PYTHON_HOST:-.venv/bin/python}" -m services.cluster init --compose "$work/deploy/secrets" --contact test@openpolicy.example
forget_volumes
say "starting profile scrape"
compose() { docker-compose -f "$work/deploy/compose.yaml" --profile "${PROFILE:-scrape}" "$@"; }
compose up -d >"$work/compose.log" 2>&1 || { tail -30 "$work/compose.log"; compose ps; compose logs --tail 20; die "compose up"; }
# What was started: the file names more services than the profile has.
label=com.docker.compose
container() { $DOCKER ps -aq --filter "label=$label.project=$project" --filter "label=$label.service=$1"; }
services=$($DOCKER ps -a --filter "label=$label.project=$project" --format "{{.Label \"$label.service\"}}" | grep -v migrate | sort)
for service in $services; do
  for _ in $(seq 90); do
    state=$($DOCKER inspect -f '{{.State.Health.Status}}' "$(container "$service")" 2>/dev/null || echo none)
    [ "$state" = healthy ] && break; sleep 2
  done
  [ "$state" = healthy ] || { $DOCKER logs --tail 40 "$(container "$service")"; die "$service is $state"; }
done
say "all healthy: $(echo $services | wc -w) containers"

# ---- a finished scrape: the miniature Parliament inside the scraper's own network
$DOCKER run -d --name ${project}_miniature --network "container:$(container scraper)" --read-only --tmpfs /tmp \
  openpolicy/scraper:0.1.0 python -m services.miniature --port 9100 >/dev/null
for _ in $(seq 60); do $DOCKER logs ${project}_miniature 2>/dev/null | grep -q '"port"' && break; sleep 0.5; done
source_id=${SOURCE:-ca-federal-mps}
$DOCKER exec -i "$(container business-hub)" with-secrets python - "$source_id" http://127.0.0.1:9100 240 < deploy/images/scrape_once.py ||
  { compose logs --tail 30 scraper importer business-hub data-hub; die "the scrape of $source_id"; }
say "scrape of $source_id finished"

# ---- memory, limits, hardening: what the kernel says
# The highest memory of a process's control group (bytes), of either version; nothing where the kernel keeps none.
peak_of() {
  local group
  group=$(awk -F: '$2 == "memory" { print $3 }' "/proc/$1/cgroup")
  if [ -n "$group" ]; then
    cat "/sys/fs/cgroup/memory$group/memory.max_usage_in_bytes" 2>/dev/null
  else
    cat "/sys/fs/cgroup$(awk -F: '$1 == 0 { print $3 }' "/proc/$1/cgroup")/memory.peak" 2>/dev/null
  fi || true
}
printf '%-18s %8s %8s %6s  %s\n' container peakMi limitMi share state
failed=0
for service in $services; do
  id=$(container "$service")
  limit=$($DOCKER inspect -f '{{.HostConfig.Memory}}' "$id")
  peak=$(peak_of "$($DOCKER inspect -f '{{.State.Pid}}' "$id")")
  state=$($DOCKER inspect -f 'oom={{.State.OOMKilled}} restarts={{.RestartCount}} readonly={{.HostConfig.ReadonlyRootfs}} user={{.Config.User}}' "$id")
  if [ -n "$peak" ]; then
    printf '%-18s %8d %8d %5d%%  %s\n' "$service" $((peak / 1048576)) $((limit / 1048576)) $((100 * peak / limit)) "$state"
  else
    printf '%-18s %8s %8d %6s  %s\n' "$service" unknown $((limit / 1048576)) - "$state"
  fi
  case $state in oom=false\ restarts=0\ readonly=true\ user=[1-9]*) ;; *) failed=1;; esac
done
[ $failed = 0 ] || die "a container was killed, restarted, runs as root or may write its root"
say "PASSED in $SECONDS s"
