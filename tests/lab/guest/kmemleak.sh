# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Leaks, where the kernel can tell (the debug kernel: kmemleak). What one of our modules
# allocated, directly or through another part of the kernel, and nobody can reach any more
# is a failure; what the rest of the kernel lost is shown and no more.

KMEMLEAK=/sys/kernel/debug/kmemleak

# kmemleak_ours: the reports on stdin that name one of our modules, or code that is no
# longer there: nobody but us unloads anything.
kmemleak_ours() {
	local names
	names=$(for file in "$MODULE_DIR"/*.ko; do basename "$file" .ko; done | paste -sd'|')
	awk -v ours="\\[($names)\\]|^ +(\\[<[^>]*>\\] )?0xffffffff[0-9a-f]+ *\$" '
		function done() { if (hit) printf "%s", report; report = ""; hit = 0 }
		/^unreferenced object/ { done() }
		{ report = report $0 "\n" }
		$0 ~ ours { hit = 1 }
		END { done() }'
}

# kmemleak_check: prints a line if something of ours has leaked; the reports go to stderr.
# Called when our modules are gone, so that what hung from their variables counts.
kmemleak_check() {
	local start=$SECONDS reports
	[ -w "$KMEMLEAK" ] || return 0
	# An object is reported when it is 5 s old and looked the same in two scans.
	echo scan >"$KMEMLEAK" || echo "kmemleak switched itself off"
	[ $((SECONDS - start)) -gt 5 ] || sleep 6
	echo scan >"$KMEMLEAK"
	reports=$(cat "$KMEMLEAK")
	[ -n "$reports" ] || return 0

	printf '# kmemleak:\n%s\n' "$(kmemleak_names <<<"$reports")" >&2
	[ -z "$(kmemleak_ours <<<"$reports")" ] || echo "our modules leaked memory"
}

# kmemleak_remember: the names of our modules' functions, before the modules go
kmemleak_remember() {
	[ ! -w "$KMEMLEAK" ] ||
		grep -E "\[($(our_modules | paste -sd'|'))\]" /proc/kallsyms | sort >"$LAB_RUN/symbols"
}

# kmemleak_names: puts those names in place of addresses
kmemleak_names() {
	awk -v symbols="$LAB_RUN/symbols" '
		BEGIN {
			while ((getline line <symbols) > 0) {
				split(line, word)
				address[++n] = word[1]; name[n] = word[3] " " word[4]
			}
		}
		/^ +0xffffffff[0-9a-f]+ *$/ {
			at = substr($1, 3); found = $1
			# Fixed-width hexadecimal sorts like the numbers.
			for (i = 1; i <= n && address[i] <= at; i++)
				found = name[i]
			$0 = "    " $1 " in " found
		}
		{ print }'
}
