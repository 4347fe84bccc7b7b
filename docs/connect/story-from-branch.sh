#!/bin/sh
# Prints OTEL_RESOURCE_ATTRIBUTES with the story and the branch of the current folder's git work tree.
# A comma, an equals sign or a percent sign in a branch name is percent-encoded, as OpenTelemetry asks.
branch=$(git symbolic-ref --quiet --short HEAD 2>/dev/null)
story=$(printf '%s' "$branch" | tr '[:lower:]' '[:upper:]' |
  grep -oE '(^|[^A-Z0-9])[A-Z][A-Z0-9]+-[1-9][0-9]*' | grep -oE '[A-Z][A-Z0-9]+-[1-9][0-9]*' | head -n 1)
written=$(printf '%s' "$branch" | sed -e 's/%/%25/g' -e 's/,/%2C/g' -e 's/=/%3D/g')
found=${OTEL_RESOURCE_ATTRIBUTES}
[ -n "$story" ] && found="${found:+$found,}jira.issue=$story"
[ -n "$branch" ] && found="${found:+$found,}vcs.ref.head.name=$written"
printf '%s\n' "$found"
