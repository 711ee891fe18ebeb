#!/bin/bash
# Build what KUBEBUILDER_ASSETS wants, from the Go module k8s.io/kubernetes and Debian's etcd, into a folder:
#   tests/integration/cluster/build-assets.sh [FOLDER]      default: ~/.cache/openpolicy/kube
# Needs Go 1.24 or later with a module proxy, apt and root for etcd-server where etcd is missing; 3 GiB of disk, and
# half an hour of two processors.
set -euo pipefail
version=${KUBE_VERSION:-1.33.4}
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/openpolicy/kube}
mkdir -p "$folder"

if ! command -v etcd >/dev/null; then
  policy=/usr/sbin/policy-rc.d; had=yes
  [ -e $policy ] || { had=no; printf '#!/bin/sh\nexit 101\n' > $policy; chmod +x $policy; }
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends etcd-server >/dev/null
  [ $had = yes ] || rm -f $policy
fi
ln -sf "$(command -v etcd)" "$folder/etcd"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# Inside its own repository the module takes its parts from a folder beside it; published, they have versions of their own.
go mod init assets >/dev/null 2>&1
origin=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",\?$/\1/p')
go mod edit -require "k8s.io/kubernetes@v$version"
sed -n 's/^\t\(k8s\.io\/[^ ]*\) => \.\/staging.*/\1/p' "$origin" | while read -r part; do
  go mod edit -replace "$part=$part@v0.${version#1.}"
done
programs="kube-apiserver kube-controller-manager kube-scheduler"
{ echo "package assets"; for program in $programs; do echo "import _ \"k8s.io/kubernetes/cmd/$program\""; done; } > assets.go
go mod tidy -e >/dev/null 2>&1
for program in $programs; do
  echo "building $program $version"
  go build -p "${JOBS:-2}" -o "$folder/$program" -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version \
    -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(echo "$version" | cut -d. -f2)" \
    "k8s.io/kubernetes/cmd/$program"
done
echo "KUBEBUILDER_ASSETS=$folder"
