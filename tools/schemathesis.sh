#!/usr/bin/env bash
# Compares a running stack with the description of its API, `GET /q/openapi`, by requests that schemathesis makes up.
#
#   ./tools/schemathesis.sh [ADDRESS]    default http://127.0.0.1:7420
#   TANREN_TOKEN                         an administrator's token; default that of the stack in $TANREN_HOME
#   SCHEMATHESIS_SEED                    default: by the clock; it is printed
#   SCHEMATHESIS_SECONDS                 default 120
#
# It makes runs, tokens and sessions: use a stack that holds nothing. Left out are the calls that revoke or rotate tokens,
# its own among them, and the event stream, which goes on as long as a run does. Schemathesis is installed below $TANREN_HOME/cache, for nobody else.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
home=${TANREN_HOME:-${HOME:?}/.tanren}
address=${1:-http://127.0.0.1:7420}
seed=${SCHEMATHESIS_SEED:-$(date +%s)}
seconds=${SCHEMATHESIS_SECONDS:-120}

version=$(sed -n 's/^schemathesis==//p' "$here/schemathesis/requirements.txt")
tool=$home/cache/schemathesis-$version
if [[ ! -x $tool/bin/schemathesis ]]; then
  rm -rf "$tool"
  python3 -m venv "$tool"
  "$tool/bin/pip" --quiet install --disable-pip-version-check -r "$here/schemathesis/requirements.txt"
fi

if [[ -z ${TANREN_TOKEN:-} ]]; then
  TANREN_TOKEN=$(<"$home/admin.token")
fi
export TANREN_TOKEN

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$here/schemathesis/schemathesis.toml" >"$work/schemathesis.toml"
# In the file rather than on the command line, which every user of the machine can read.
cat >>"$work/schemathesis.toml" <<END

[headers]
Authorization = "Bearer \${TANREN_TOKEN}"
END

echo "seed $seed"
cd "$work"
"$tool/bin/schemathesis" --config-file "$work/schemathesis.toml" run "$address/q/openapi?format=json" \
  --url "$address" --checks all --seed "$seed" --max-time "$seconds" --request-timeout 30 --rate-limit auto \
  --continue-on-failure --no-color \
  --exclude-path-regex '^/api/v1/tokens/\{id\}|/events$'
