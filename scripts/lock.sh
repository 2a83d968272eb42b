#!/bin/sh
# Remakes every pinned, hash-checked file of requirements/ from its .in file or from
# pyproject.toml. Pins move only with `make lock UPGRADE=--upgrade`. The addresses of
# registries stay out: each machine uses its own.
# Usage: lock.sh DIRECTORY_OF_PIP_COMPILE [--upgrade]
set -eu
bin=$1
upgrade=${2:-}

compile() {
    echo "requirements/$1.txt"
    output=$1
    shift
    "$bin/pip-compile" --quiet $upgrade --generate-hashes --allow-unsafe \
        --strip-extras --no-annotate --no-header --no-emit-index-url \
        --no-emit-find-links --no-emit-trusted-host \
        --output-file "requirements/$output.txt" "$@"
}

compile run pyproject.toml
compile test --extra test -c requirements/run.txt pyproject.toml
compile lint --extra lint -c requirements/test.txt pyproject.toml
compile build -c requirements/lint.txt requirements/build.in
compile lock requirements/lock.in
compile ldap -c requirements/lint.txt requirements/ldap.in
compile ldap_source -c requirements/ldap.txt requirements/ldap_source.in
compile clients/microsoft requirements/clients/microsoft.in
compile clients/adal requirements/clients/adal.in
for name in auth0_3_0 auth0_3_9 auth0_3_24 auth0_newest; do
    compile "clients/$name" "requirements/clients/$name.in"
done
compile clients/auth0_3_0_source -c requirements/clients/auth0_3_0.txt \
    requirements/clients/auth0_3_0_source.in

if grep -rnE 'https?://|--(extra-)?index-url|--find-links' requirements \
    --include='*.txt'; then
    echo "an address got into requirements/" >&2
    exit 1
fi
