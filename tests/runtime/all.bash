# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# all.bash [NAME…]: the named scripts of this folder, or every one, one after the other. Exits 1 if one of them failed.

failed=0
cd "$(dirname "$0")" || exit
[ $# -gt 0 ] || set -- *.sh
for script in "${@/%.sh/}"; do
	script=$PWD/$script.sh
	echo "# ${script##*/}"
	bash "$script" || failed=1
done
exit $failed
