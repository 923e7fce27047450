#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What this project needs from the distribution, and how it gets there.
#
#	tools/rig/packages.sh build net vm	install these lists
#	. tools/rig/packages.sh; packages_need tcpdump
#
# Only what is missing is installed, and it is said before it happens. When nothing is missing, apt
# is not run at all.

_packages_as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "packages: must be root (or have sudo) to run: $*" >&2
		return 1
	fi
}

_packages_apt()
{
	# A fresh machine often still runs its own first update: wait for dpkg's lock instead of
	# failing on it.
	_packages_as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

_packages_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# packages_need PKG...: installs those of PKG that are missing.
packages_need()
{
	local pkg missing=()

	for pkg in "$@"; do
		_packages_installed "$pkg" || missing+=("$pkg")
	done
	[ ${#missing[@]} -eq 0 ] && return 0

	echo "packages: installing ${missing[*]}" >&2
	# An image without package lists, or with lists so old that their files have left the
	# archive, needs an update first; others do not.
	if [ -n "$(apt-cache policy "${missing[@]}" 2>/dev/null | grep 'Candidate: [^(]')" ] &&
	   _packages_apt install --no-install-recommends "${missing[@]}" >&2; then
		return 0
	fi
	echo "packages: refreshing the package lists" >&2
	_packages_apt update >&2 ||
		echo "packages: apt-get update failed for some source, going on with the rest" >&2
	_packages_apt install --no-install-recommends "${missing[@]}" >&2 || {
		echo "packages: cannot install ${missing[*]}: see apt's messages above" >&2
		return 1
	}
}

# To compile vfsteer and its unit tests.
packages_build()
{
	packages_need gcc libc6-dev clang llvm make pkg-config libbpf-dev libelf-dev zlib1g-dev \
		libnl-3-dev libnl-genl-3-dev libnl-route-3-dev \
		libsystemd-dev libcap-ng-dev libjson-c-dev libinih-dev libcmocka-dev bpftool
}

# To compile with clang's sanitizers and libFuzzer, which --no-install-recommends leaves out; gcc
# brings its own sanitizers.
packages_fuzz()
{
	packages_need clang libclang-rt-dev python3
}

# To look for faults without running anything.
packages_analysis()
{
	packages_build && packages_need cppcheck clang-tidy python3
}

# To compile for other architectures, and to run what was compiled.
packages_cross()
{
	packages_build && packages_need gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
		gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user file binutils \
		python3 debian-archive-keyring
}

# To check documents and sources.
packages_lint()
{
	packages_need codespell
}

# For namespaces and traffic on this machine.
packages_net()
{
	packages_need python3 iproute2 iputils-ping procps util-linux tcpdump strace keepalived \
		nftables jq
}

# To boot guests and to look at their traffic.
packages_vm()
{
	packages_net && packages_need qemu-system-x86 seabios busybox-static dash cpio ethtool \
		kmod bpftool gcc libc6-dev \
		xz-utils zstd debian-archive-keyring ipvsadm arptables libteam-utils
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	if [ $# -eq 0 ]; then
		echo "usage: packages.sh analysis|build|cross|fuzz|lint|net|vm..." >&2
		exit 2
	fi
	for list in "$@"; do
		case $list in
		analysis|build|cross|fuzz|lint|net|vm) packages_$list || exit 1 ;;
		*)
			echo "packages: no list named '$list': there are analysis, build, cross," \
				"fuzz, lint, net and vm" >&2
			exit 2
			;;
		esac
	done
fi
