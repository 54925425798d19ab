#!/usr/bin/env bash
# Write the typed client anew from the routes, after a change of them. With a path: write it there instead.
set -euo pipefail
web="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
target="${1:-$web/src/api/schema.d.ts}"
document="$(mktemp --suffix .json)"
trap 'rm -f "$document"' EXIT
"$web/../../.venv/bin/python" -m spanfold_query_api.web.openapi > "$document"
cd "$web"
node node_modules/openapi-typescript/bin/cli.js "$document" --output "$target" --alphabetize > /dev/null
