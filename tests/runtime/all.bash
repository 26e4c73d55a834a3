# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Every script of this folder, one after the other: what the virtual machine runs in one boot. Exits 1 if one of them failed.

failed=0
for script in "$(dirname "$0")"/*.sh; do
	echo "# ${script##*/}"
	bash "$script" || failed=1
done
exit $failed
