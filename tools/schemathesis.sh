#!/usr/bin/env bash
# Compares the API with its description, GET /q/openapi, by requests that schemathesis makes up.
#
#   ./tools/schemathesis.sh             on a stack of its own that has one finished run; nothing of yours is touched
#   ./tools/schemathesis.sh ADDRESS     on the stack at that address, such as http://127.0.0.1:7420
#   ./tools/schemathesis.sh --install   only fetches schemathesis, into the cache in TANREN_HOME
#
#   TANREN_TOKEN           an administrator's token for ADDRESS; default: that of the stack in TANREN_HOME
#   SCHEMATHESIS_SEED      default: by the clock; it is printed
#   SCHEMATHESIS_SECONDS   default 120
#
# It makes tokens, and deletes and cancels runs: name the address of a stack that holds nothing alone.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname -- "$here")
home=${TANREN_HOME:-${HOME:?HOME is not set; set HOME or TANREN_HOME}/.tanren}
seed=${SCHEMATHESIS_SEED:-$(date +%s)}
seconds=${SCHEMATHESIS_SECONDS:-120}
tool=$home/cache/schemathesis-$(sha256sum "$here/schemathesis/requirements.txt" | cut -c 1-12)

if [[ ! -e $tool/installed ]]; then
  rm -rf "$tool"
  (umask 077 && mkdir -p "$home/cache")
  python3 -m venv "$tool"
  "$tool/bin/pip" --quiet install --disable-pip-version-check -r "$here/schemathesis/requirements.txt"
  : >"$tool/installed"
fi
[[ ${1-} != --install ]] || exit 0

# In the state folder, so that builds are linked rather than copied, and with a short name, since sockets lie below it.
work=$(umask 077 && mktemp -d "$home/st.XXXXXX")
own=
clean() {
  [[ -z $own ]] || "$root/tanren" down --yes >&2 || true
  rm -rf "$work"
}
trap clean EXIT

if [[ $# == 0 ]]; then
  # That of the usual state folder, where the launcher has built one.
  [[ -n ${TANREN_TEMPORAL-} || ! -x $home/cache/bin/temporal ]] || export TANREN_TEMPORAL=$home/cache/bin/temporal
  # Schemathesis asks as much as it can.
  export TANREN_HOME=$work/home TANREN_API_REQUESTS_PER_SECOND=10000 TANREN_API_REQUEST_BURST=10000
  unset TANREN_SERVER TANREN_TOKEN
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  own=yes
  "$root/tanren" up --detach --port "$port"
  "$root/tanren" run submit "$root/docs/examples/first-run.yaml" --wait
  set -- "http://127.0.0.1:$port"
  home=$TANREN_HOME
fi
address=$1

export TANREN_TOKEN=${TANREN_TOKEN:-$(<"$home/admin.token")}
cat "$here/schemathesis/schemathesis.toml" >"$work/schemathesis.toml"
# In the file rather than on the command line, which every user of the machine can read.
cat >>"$work/schemathesis.toml" <<'TOML'

[headers]
Authorization = "Bearer ${TANREN_TOKEN}"
TOML

# compare SECONDS ARGUMENT…
compare() {
  "$tool/bin/schemathesis" --config-file "$work/schemathesis.toml" run "$address/q/openapi?format=json" \
    --url "$address" --checks all --seed "$seed" --max-time "$1" --request-timeout 30 --rate-limit auto \
    --continue-on-failure --no-color "${@:2}"
}

echo "seed $seed"
cd "$work"
found=0
# What revokes and rotates tokens comes alone and without ids that answers named, its own among them.
compare $((seconds - seconds / 8)) --exclude-path-regex '^/api/v1/tokens/\{id\}' || found=1
compare $((seconds / 8)) --include-path-regex '^/api/v1/tokens/\{id\}' --phases examples,coverage,fuzzing || found=1
exit $found
