#!/usr/bin/env bash
# Makes, of README and the pages beside this script, those that `mvn site` renders: README is the first page, what they
# link to in the repository lies beside them in files/, and every heading has the anchor that GitHub gives it.
#   src/site/pages.sh OUT
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C

out=$1
rm -rf -- "$out"
mkdir -p -- "$out"/{markdown,resources}/files/benchmarks
cp src/site/site.xml "$out"
cp -R LICENSE pom.xml cppbuild.sh bin native .ci "$out/resources/files"
mkdir "$out/resources/files/src"
cp -R src/main src/test "$out/resources/files/src"
find benchmarks -mindepth 1 -maxdepth 1 ! -name target -exec cp -R {} "$out/resources/files/benchmarks" ';'
mkdir "$out/markdown/files/benchmarks/results"
mv "$out"/resources/files/benchmarks/results/*.md "$out/markdown/files/benchmarks/results"

page() { # reads a page, gives its headings anchors
  awk '
    /^```/ { code = !code }
    !code && /^#+ / {
      heading = $0
      sub(/^#+ +/, "", heading)
      anchor = tolower(heading)
      gsub(/[^a-z0-9 _-]/, "", anchor)
      gsub(/ /, "-", anchor)
      if (anchor != heading) print "<a id=\"" anchor "\"></a>\n" # else the renderer makes the same one
    }
    { print }
  '
}

page <README.md |
  sed -E 's#\]\(src/site/markdown/#](#g; s#\]\((CHANGELOG|LICENSE|(benchmarks|bin|native|src|\.ci)/)#](files/\1#g' \
    >"$out/markdown/index.md"
page <CHANGELOG.md >"$out/markdown/files/CHANGELOG.md"
for file in src/site/markdown/*.md; do
  page <"$file" |
    sed -E 's#\]\(\.\./\.\./\.\./README\.md#](index.md#g; s#\]\(\.\./\.\./\.\./#](files/#g; s#\]\(\.\./\.\./#](files/src/#g' \
      >"$out/markdown/${file##*/}"
done
