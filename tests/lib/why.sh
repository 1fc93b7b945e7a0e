# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The kernel's line about a refusal and the sentence of `peer_mem why` must be one thing
# said twice. Read by the scenarios cli.why*.

declare -A ERRNO_NAME=([6]=ENXIO [7]=E2BIG [11]=EAGAIN [13]=EACCES [14]=EFAULT [18]=EXDEV [19]=ENODEV [22]=EINVAL
	[28]=ENOSPC [95]=EOPNOTSUPP [121]=EREMOTEIO [124]=EMEDIUMTYPE)

as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# sentence_of LINE: what `peer_mem why` should say, without its age
sentence_of() {
	local hex='0x[0-9a-f]+'
	[[ $1 =~ ([^ ]+):\ ([^ ]+\[[0-9]+\])\ may\ not\ register\ ($hex)\+($hex)(\ \(([^\)]*)\))?:\ (.*)\;\ to\ change\ it:\ (.*)\ \[-([0-9]+)\]$ ]] ||
		fail "no refusal: $1"
	local m=("${BASH_REMATCH[@]:1}")
	printf '%s could not register %u bytes at %s%s for %s: %s [%s]; to change it: %s.\n' \
		"${m[1]}" "${m[3]}" "${m[2]}" "${m[5]:+ of ${m[5]}}" "${m[0]}" \
		"${m[6]}" "${ERRNO_NAME[${m[8]}]}" "${m[7]}"
}

# why_explains COUNT: since the marker COUNT were refused; each is explained, newest first
why_explains() {
	local line count
	kmsg_since_marker | grep 'may not register' >/tmp/lines || :
	while read -r line; do
		sentence_of "$line"
	done </tmp/lines | tac >/tmp/wanted
	count=$(wc -l </tmp/wanted)
	[ "$count" -eq "$1" ] || fail "$count refusals in the log, should be $1"
	peer_mem why -n "$count" | sed 's/^[0-9]* [a-z]* ago //' >/tmp/said
	diff /tmp/wanted /tmp/said || fail "peer_mem why says something else than the kernel"
	note "$count refusals explained, among them:"
	sed -n '1p;$p' /tmp/said
}

# svg_is_well_formed: standard input is one element svg, its tags are paired, its text escaped
svg_is_well_formed() {
	tr '\n' ' ' | awk '{
		text = $0
		while (match(text, /<[^<>]*>/)) {
			between = substr(text, 1, RSTART - 1)
			tag = substr(text, RSTART + 1, RLENGTH - 2)
			text = substr(text, RSTART + RLENGTH)
			gsub(/&(lt|gt|amp|quot);/, "", between)
			if (between ~ /[<>&]/) exit bad = 1
			name = tag
			sub(/^\//, "", name)
			sub(/[ \/].*/, "", name)
			if (tag ~ /^\//) { if (open[depth--] != name) exit bad = 1 }
			else if (tag !~ /\/$/) { open[++depth] = name; elements++ }
			if (!depth && text !~ /^ *$/) exit bad = 1
		}
		if (text !~ /^ *$/) bad = 1
	} END { exit bad || depth || !elements || open[1] != "svg" }' || fail "the picture is not well-formed"
}
