# SPDX-License-Identifier: Apache-2.0
# `cp` as docker does it: each command line is given to docker and to tare, over the same trees in a container and on the host, and both the exit code and
# what is there afterwards must be the same. Unlike, and so not here: `-a` out of a container keeps owners, as docker's manual says and docker does not; docker
# fails for a tree with a link that leads above it.

load ../lib/peers

setup_file() {
	tare_setup_file busybox
	home=$BATS_FILE_TMPDIR
	runtime=$TARE_BIN/tare-runtime
	export home runtime
	containerd_begin
	dockerd_begin
	docker load -q -i "$images/busybox.docker.tar"
}

teardown_file() {
	# shellcheck disable=SC2046 # a list of ids
	docker rm -f $(docker ps -aq) >/dev/null 2>&1 || :
	dockerd_end
	containerd_end
	tare_teardown
	tare_teardown_file
}

# What both sides begin with: H on the host, /w in the container.
host_tree() {
	rm -rf "$H"
	mkdir -p "$H/d/s" "$H/e" "$H/out"
	echo hf >"$H/f"
	echo hx >"$H/d/x"
	echo hy >"$H/d/s/y"
	echo old >"$H/out/f"
	ln -s d "$H/ln"
	ln -s f "$H/lf"
	ln -s nowhere "$H/dang"
	chown -R 1234:2345 "$H/f" "$H/d"
	chmod 0640 "$H/f"
	chmod 0750 "$H/d"
}

container_tree() {
	rm -rf "$T"
	mkdir -p "$T/w/d/s" "$T/w/e" "$T/w/out"
	echo cf >"$T/w/f"
	echo cx >"$T/w/d/x"
	echo cy >"$T/w/d/s/y"
	echo old >"$T/w/out/f"
	ln -s d "$T/w/ln"
	ln -s f "$T/w/lf"
	ln -s /w/d "$T/w/abs"
	ln -s nowhere "$T/w/dang"
	ln -s ../../../../../../../../etc/hostname "$T/w/esc"
	chown -R 3456:4567 "$T/w/f" "$T/w/d"
	chmod 0604 "$T/w/f"
	chmod 0705 "$T/w/d"
}

fresh() {
	"$1" rm -f cx >/dev/null 2>&1 || :
	"$1" create --name cx busybox:latest sleep 100 >/dev/null
	tar -C "$T" -c . | "$1" cp - cx:/
}

# What is there afterwards, on both sides.
look() {
	(cd "$H" && find . -printf '%M %U:%G %p %l\n' | sort -k3 && find . -type f -exec sha256sum {} + | sort -k2)
	"$1" export cx | tar -tv --numeric-owner | awk '$6 ~ /^(w|new)/ { print $1, $2, $3, $6, $7, $8 }' | sort -k4
}

# said PROGRAM LINE: exit code and outcome of one command line.
said() {
	local code=0
	(cd "$H" && eval "$1 cp $2" >"$H.said" 2>/dev/null </dev/null) || code=$?
	echo "$code"
	[ "$code" != 0 ] || { cat "$H.said"; look "$1"; }
}

# rows: from standard input; each in a container that is as at the beginning.
rows() {
	local line code=0 theirs ours
	H=$BATS_TEST_TMPDIR/h
	T=$BATS_TEST_TMPDIR/t
	container_tree
	fresh docker
	fresh tare
	while read -r line; do
		[ -n "$line" ] || continue
		host_tree
		theirs=$(said docker "$line")
		host_tree
		ours=$(said tare "$line")
		if [ "$theirs" != "$ours" ]; then
			echo "cp $line"
			diff <(echo "$theirs") <(echo "$ours") || code=1
		fi
		case $line in *' cx:'*) fresh docker; fresh tare ;; esac
	done
	return $code
}

@test "into a container: files" {
	rows <<'END'
f cx:/w
f cx:/w/new
f cx:/w/new/
f cx:/w/f
f cx:/w/d
f cx:/w/d/
f cx:/w/f/
f cx:/w/no/such
f cx:/w/ln
f cx:/w/lf
f cx:/w/abs/new
f cx:/w/dang
f/ cx:/w
nothere cx:/w
f cx:w/rel
f cx:/w/../w/./new
lf cx:/w/new
-L lf cx:/w/new
dang cx:/w/new
f cx:/
END
}

@test "into a container: directories" {
	rows <<'END'
d cx:/w
d cx:/w/new
d cx:/w/new/
d cx:/w/f
d/ cx:/w
d/. cx:/w
d/. cx:/w/new
d/. cx:/w/e
d/. cx:/w/no/such
d cx:/w/ln
ln cx:/w/new
-L ln cx:/w/new
ln/ cx:/w/new
out cx:/w
. cx:/w/e
END
}

@test "out of a container: files" {
	rows <<'END'
cx:/w/f .
cx:/w/f new
cx:/w/f new/
cx:/w/f out
cx:/w/f out/f
cx:/w/f no/such
cx:/w/f lf
cx:/w/f ln
cx:/w/f dang
cx:/w/lf new
-L cx:/w/lf new
cx:/w/abs/x new
cx:/w/dang new
-L cx:/w/dang new
cx:/w/f/ new
cx:/nothere new
cx:w/f new
END
}

@test "out of a container: directories" {
	rows <<'END'
cx:/w/d .
cx:/w/d new
cx:/w/d f
cx:/w/d/. e
cx:/w/d/. new
cx:/w/d/ e
cx:/w/ln new
cx:/w/ln/ new
-L cx:/w/ln new
-L cx:/w/ln e
END
}

@test "as tar" {
	local list='tar -tv --numeric-owner | awk "{print \$1,\$2,\$6,\$7,\$8}" | sed "s# \./# #"'
	rows <<END
cx:/w/f - | $list
cx:/w/d - | $list
cx:/w/d/. - | $list
cx:/w/ln - | $list
cx:/w/nothere - | $list
- cx:/w <f
f -
f g
nosuch:/f .
:/f .
f cx:
cx: new
END
}
