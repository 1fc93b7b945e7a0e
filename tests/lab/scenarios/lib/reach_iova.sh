# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Topology rootports-iommu: the way is iova.
. /src/tests/lib/reach.sh

reach_is iova
