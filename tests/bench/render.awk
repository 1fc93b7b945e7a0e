# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# awk -f render.awk figures bench.json performance.md.in
#
# The report: its text with the numbers filled in. A value is written FIGURE/LINE/X, X with K, M
# or G. In the text:
#   {{= V}} {{MiB V}} {{KiB V}}	the value; V bytes as MiB, as KiB
#   {{% V W}} {{x V W}}		V as a percentage of W; V over W
#   {{+% V W}} {{- V W}}	by how many percent V is above W; V less W
#   {{least F A B}} {{most F A B}}	over all X of figure F: line A over line B
#   {{each F L N}}		(value at N - value at 0) / N
#   {{machine KEY}}
# and on a line of their own: @figure F (its table, and its plot) and @goals.
# Fails, and says so, where a number is missing.

function die_missing(what)
{
	print "render: not measured: " what > "/dev/stderr"
	missing = 1
	return 0
}

function number(text,  n, unit)
{
	unit = substr(text, length(text))
	n = text + 0
	return unit == "K" ? n * 1024 : unit == "M" ? n * 1048576 : unit == "G" ? n * 1073741824 : n
}

function value_at(figure, line, x,  key)
{
	key = figure SUBSEP line SUBSEP sprintf("%.0f", x)
	return key in value ? value[key] : die_missing(figure "/" line "/" x)
}

function value_of(ref,  part)
{
	split(ref, part, "/")
	return value_at(part[1], part[2], number(part[3]))
}

function ratio(a, b)
{
	return b ? a / b : 0
}

# Three digits that say something, and no exponent.
function short(n,  size)
{
	size = n < 0 ? -n : n
	return sprintf(size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : "%.2f", n)
}

function percent_above(r,  text)
{
	text = sprintf("%+.2f", 100 * r - 100)
	return text == "-0.00" || text == "+0.00" ? "0.00" : text
}

function each(figure, line, n)
{
	return (value_at(figure, line, n) - value_at(figure, line, 0)) / n
}

# The least (sign 1) or most (sign -1) of a line; where: at_x
function extreme_of(figure, line, sign,  i, x, v, best, found)
{
	for (i = 1; i <= xs[figure]; i++) {
		x = x_of[figure, i]
		if (!((figure SUBSEP line SUBSEP x) in value))
			continue
		v = value[figure, line, x]
		if (!found++ || v * sign < best * sign) {
			best = v
			at_x = x
		}
	}
	return found ? best : die_missing(figure)
}

function evaluate(text,  arg)
{
	split(text, arg, " ")
	if (arg[1] == "=")
		return value_of(arg[2]) ""
	if (arg[1] == "MiB")
		return short(value_of(arg[2]) / 1048576)
	if (arg[1] == "KiB")
		return short(value_of(arg[2]) / 1024)
	if (arg[1] == "%")
		return short(ratio(100 * value_of(arg[2]), value_of(arg[3])))
	if (arg[1] == "+%")
		return percent_above(ratio(value_of(arg[2]), value_of(arg[3])))
	if (arg[1] == "x")
		return short(ratio(value_of(arg[2]), value_of(arg[3])))
	if (arg[1] == "-")
		return (value_of(arg[2]) - value_of(arg[3])) ""
	if (arg[1] == "least" || arg[1] == "most")
		return sprintf("%.2f", extreme_of(arg[2], arg[3], arg[1] == "least" ? 1 : -1))
	if (arg[1] == "each")
		return sprintf("%.0f", each(arg[2], arg[3], number(arg[4])))
	if (arg[1] == "machine" && arg[2] in machine)
		return machine[arg[2]]
	return die_missing("{{" text "}}")
}

function fill(text,  out, end)
{
	while (match(text, /\{\{[^}]*\}\}/)) {
		end = RSTART + RLENGTH
		out = out substr(text, 1, RSTART - 1) evaluate(substr(text, RSTART + 2, RLENGTH - 4))
		text = substr(text, end)
	}
	return out text
}

# ---- tables ----

function size(n, unit)
{
	n += 0
	for (unit = 1; n >= 1024 && unit < 4; unit++)
		n /= 1024
	return n " " substr("B  KiBMiBGiB", 3 * unit - 2, unit == 1 ? 1 : 3)
}

# The table of a figure whose lines share one X stands on its side.
function one_row(figure,  i, line)
{
	printf "| | %s |\n| --- | ---: |\n", unit_of[figure]
	for (i = 1; i <= lines[figure]; i++) {
		line = line_of[figure, i]
		printf "| %s | %s |\n", line, value_at(figure, line, x_of[figure, 1])
	}
}

function rows(figure,  i, k, x, key)
{
	printf "| %s |", axis_of[figure]
	for (k = 1; k <= lines[figure]; k++)
		printf " %s |", line_of[figure, k]
	printf "\n| ---: |"
	for (k = 1; k <= lines[figure]; k++)
		printf " ---: |"
	print ""
	for (i = 1; i <= xs[figure]; i++) {
		x = x_of[figure, i]
		printf "| %s |", axis_of[figure] == "bytes" ? size(x) : x
		for (k = 1; k <= lines[figure]; k++) {
			key = figure SUBSEP line_of[figure, k] SUBSEP x
			printf " %s |", key in value ? value[key] : ""
		}
		print ""
	}
}

function figure_out(figure)
{
	if (!lines[figure]) {
		die_missing(figure)
		return
	}
	printf "### %s (%s)\n\n", title_of[figure], unit_of[figure]
	if (xs[figure] == 1)
		one_row(figure)
	else
		rows(figure)
	if (plotted[figure])
		printf "\n![%s](performance/%s.svg)\n", title_of[figure], figure
	print ""
}

# ---- goals ----

function goal(what, is, how, limit, unit)
{
	is += 0
	printf "| %s | %s %s%s | %s%s | %s |\n", what, how, limit, unit, short(is), unit,
		(how == "at most" ? is <= limit : is >= limit) ? "met" : "**not met**"
}

function goal_bar(what, line,  r)
{
	r = extreme_of("against-host", line, 1)
	goal("BAR against host memory, " what ", worst of all sizes (" size(at_x) ")", r,
	     "at least", 0.95, "")
}

function goals()
{
	print "| goal | wanted | is | |\n| --- | --- | --- | --- |"
	goal("the hook, on registering 4 KiB of host memory",
	     ratio(100 * value_of("hook/with/4K"), value_of("hook/without/4K")) - 100, "at most", 3, " %")
	goal("erdma: 16 MiB of a BAR, of what host memory costs",
	     ratio(100 * value_of("reg-erdma/bar/16M"), value_of("reg-erdma/host/16M")), "at most", 2, " %")
	goal("erdma: 64 GiB of a BAR, times what 4 KiB of it cost",
	     ratio(value_of("reg-erdma/bar/64G"), value_of("reg-erdma/bar/4K")), "at most", 2, "")
	goal("revoke: a fence, instructions a region", each("revoke", "fence", 10000), "at most", 20000, "")
	goal("revoke: the same, times what it costs with 3000 regions",
	     ratio(each("revoke", "fence", 10000), each("revoke", "fence", 3000)), "at most", 3, "")
	goal_bar("WRITE", "write")
	goal_bar("READ", "read")
	goal_bar("SEND", "send")
	goal_bar("latency of WRITE", "latency-write")
	goal_bar("latency of READ", "latency-read")
	goal_bar("latency of SEND", "latency-send")
	goal("perftest: ib_write_bw of 1 MiB", value_of("perftest-bw/ib_write_bw/1M") * 1048576 / 1e9,
	     "at least", 5, " GB/s")
	goal("perftest: ib_write_lat of 8 bytes", value_of("perftest-lat/ib_write_lat/8"),
	     "at most", 100, " us")
	goal("disk to network through a BAR: payload bytes in RAM, per byte",
	     value_of("pipeline/bar-pages/16M"), "at most", 0, "")
	goal("the same through a bounce buffer", value_of("pipeline/bounce-buffer/16M"), "at least", 2, "")
}

# ---- reading ----

function field(name,  rest)
{
	rest = $0
	if (!sub(".*\"" name "\": \"?", "", rest))
		return ""
	sub(/[",}].*/, "", rest)
	return rest
}

function add_point(figure, line, x, v,  i)
{
	value[figure, line, x] = v
	if (!((figure, line) in has_line)) {
		has_line[figure, line] = 1
		line_of[figure, ++lines[figure]] = line
	}
	if ((figure, x) in has_x)
		return
	has_x[figure, x] = 1
	for (i = ++xs[figure]; i > 1 && x_of[figure, i - 1] + 0 > x + 0; i--)
		x_of[figure, i] = x_of[figure, i - 1]
	x_of[figure, i] = x
}

FNR == 1 { file++ }

file == 1 {
	if (/^#/)
		next
	split($0, part, "|")
	title_of[part[1]] = part[2]
	axis_of[part[1]] = part[3]
	unit_of[part[1]] = part[4]
	plotted[part[1]] = part[5] != ""
	next
}

file == 2 {
	if (/"figure"/)
		add_point(field("figure"), field("line"), field("x"), field("value"))
	else if (match($0, /"[a-z]+": "/))
		machine[substr($0, RSTART + 1, RLENGTH - 5)] = field(substr($0, RSTART + 1, RLENGTH - 5))
	next
}

/^@figure / { figure_out($2); next }
/^@goals$/ { goals(); next }
{ print fill($0) }

END { exit missing }
