# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# perftest's source, for perftest-patches: the released tarball, as Debian's archive has it.
# It is fetched once, checked against the sum below, and kept in the cache.

PERFTEST_TARBALL=perftest_25.01.0+0.80.orig.tar.gz
PERFTEST_SHA256=54e86b131f0b06862b8b9cd692739737295463cfef467bdda5f5aa3dae8c5b05

# perftest_ensure: leaves it in the build directory. Who cannot fetch it can do without:
# the scenarios with the label `perftest` are skipped then.
perftest_ensure() {
	local cached=$LAB_CACHE/$PERFTEST_TARBALL there=$LAB_BUILD/perftest mirror
	[ -e "$cached" ] || {
		mirror=$(mirror_find) || mirror=''
		# apt's own downloader: it knows this machine's proxies, and checks the sum.
		step "fetching $PERFTEST_TARBALL" "$LAB_CACHE/perftest.log" \
			/usr/lib/apt/apt-helper download-file \
			"$mirror/pool/main/p/perftest/$PERFTEST_TARBALL" "$cached.new" \
			"SHA256:$PERFTEST_SHA256" ||
			{ say "no perftest: see $LAB_CACHE/perftest.log"; return 0; }
		mv "$cached.new" "$cached"
	}
	mkdir -p "$there"
	cmp -s "$cached" "$there/$PERFTEST_TARBALL" || cp "$cached" "$there/"
}
