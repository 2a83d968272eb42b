#!/bin/sh
# Installs the Debian packages that the tests start and that are missing, where it may
# (root and apt-get). Where it may not, it changes nothing: each test says what it misses.
set -eu

has() {
    command -v "$1" >/dev/null 2>&1
}

missing=
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || has postgres ||
    missing="$missing postgresql"
has node || missing="$missing nodejs"
has npm || missing="$missing npm"
has openssl || missing="$missing openssl"
has curl || missing="$missing curl"
PATH=$PATH:/usr/sbin:/sbin
has slapd || missing="$missing slapd slapd-contrib"
has samba-tool || missing="$missing samba-ad-dc samba-ad-provision"
has gcc || missing="$missing gcc libc6-dev"
[ -e /usr/include/ldap.h ] || missing="$missing libldap-dev"
[ -e /usr/include/sasl/sasl.h ] || missing="$missing libsasl2-dev"
"${PYTHON:-python3}" -c 'import os, sysconfig, sys
sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
    missing="$missing python3-dev"

if [ -z "$missing" ] || [ "$(id -u)" != 0 ] || ! has apt-get; then
    exit 0
fi
echo "installing for the tests:$missing"
# RUNLEVEL=1 keeps packages from starting their servers; the lock is waited for.
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
apt="apt-get -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0"
# shellcheck disable=SC2086 # both are lists of words
if ! $apt update || ! $apt install -y --no-install-recommends $missing >/dev/null; then
    echo "could not install:$missing" >&2
fi
