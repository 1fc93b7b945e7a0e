# shellcheck shell=bash disable=SC2016 # $(FIELD) is apt's, not ours
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where Debian packages come from: from wherever this machine gets its own. The tree
# names no host.

# mirror_find: the address of the Debian archive that this machine's apt uses
mirror_find() {
	local uri
	if [ -n "${PEER_MEM_MIRROR-}" ]; then
		echo "$PEER_MEM_MIRROR"
		return
	fi
	uri=$(mirror_of_host)
	[ -n "$uri" ] || return 1
	case $uri in
	# A list of mirrors on this machine (cloud images do that): its first.
	mirror+file:*) uri=$(grep -m 1 -oE '^https?://[^[:space:]]+' "${uri#mirror+file:}") ;;
	esac
	echo "${uri%/}"
}

# Several archives may be listed (security, vendors). Ours is the one that serves this
# Debian release itself: apt knows origin and codename once it has fetched an index,
# before that the sources' own lines have to do.
mirror_of_host() {
	local codename lines
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	lines=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)|$(REPO_URI)' \
		'Created-By: Packages')
	awk -F'|' -v c="$codename" '$1 == "Debian" && $3 == c { print $4; exit }' <<<"$lines" |
		grep . && return
	apt-get indextargets --format '$(RELEASE)|$(COMPONENT)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' -v c="$codename" '$1 == c && $2 == "main" && !n++ { print $3 }'
}

# mirror_apt_options: how this machine's apt reaches it, as mmdebstrap arguments
mirror_apt_options() {
	apt-config dump |
		sed -nE 's/^(Acquire::(https?::([^ ]*::)?Proxy|Check-Valid-Until|Check-Date) .*)/--aptopt=\1/p'
}
