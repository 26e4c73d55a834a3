# SPDX-License-Identifier: Apache-2.0
# login, logout, credential helpers: what is asked, what is kept and where, and that podman, skopeo and docker read the same files.

load ../lib/tare

setup_file() {
	tare_setup_file busybox
	registry_start secure tls
	registry_start bearer token
	registry_push secure "$images/busybox" test/busybox:1 --dest-creds alice:secret
	registry_push bearer "$images/busybox" private/busybox:1 --dest-creds alice:secret
	mkdir -p "/etc/docker/certs.d/$secure_addr"
	cp "$secure_dir/ca.crt" "/etc/docker/certs.d/$secure_addr/ca.crt"
	export secure_addr secure_dir secure_pid bearer_addr bearer_dir bearer_pid
}

setup() {
	export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	mkdir -p "$HOME" "$XDG_RUNTIME_DIR" "$BATS_TEST_TMPDIR/bin"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	config=$HOME/.docker/config.json
}

teardown() {
	tare rmi -f "$secure_addr/test/busybox:1" "$bearer_addr/private/busybox:1" >/dev/null 2>&1 || :
}

teardown_file() {
	rm -rf "/etc/docker/certs.d/$secure_addr"
	rmdir /etc/docker/certs.d 2>/dev/null || :
	registry_stop secure
	registry_stop bearer
	tare_teardown_file
}

login() { tare login "$@" <<<"${password-secret}"; }

# A helper that keeps its secrets in files below $BATS_TEST_TMPDIR/kept, and notes what it is told.
helper() {
	mkdir -p "$BATS_TEST_TMPDIR/kept"
	cat >"$BATS_TEST_TMPDIR/bin/docker-credential-$1" <<-END
		#!/usr/bin/python3
		import json, os, sys
		kept = "$BATS_TEST_TMPDIR/kept/"
		data = sys.stdin.read()
		open(kept + "log", "a").write(sys.argv[1] + " " + (data if sys.argv[1] != "store" else "-") + "\n")
		name = lambda server: kept + server.replace("/", "_")
		if sys.argv[1] == "store":
		    open(name(json.loads(data)["ServerURL"]), "w").write(data)
		elif sys.argv[1] == "get":
		    if not os.path.exists(name(data.strip())):
		        print("credentials not found in native keychain"); sys.exit(1)
		    print(open(name(data.strip())).read())
		elif sys.argv[1] == "erase":
		    os.unlink(name(data.strip()))
	END
	chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-$1"
}

@test "login keeps what the registry takes, 0600, and pull uses it" {
	run ! tare pull -q "$secure_addr/test/busybox:1"
	run -0 --separate-stderr login -u alice --password-stdin "$secure_addr"
	equal "Login Succeeded" "$output"
	contains "$stderr" unencrypted
	equal 600 "$(stat -c %a "$config")"
	equal alice:secret "$(jq -r ".auths[\"$secure_addr\"].auth" "$config" | base64 -d)"
	tare pull -q "$secure_addr/test/busybox:1"
}

@test "login keeps nothing that the registry refuses" {
	password=wrong run ! login -u alice --password-stdin "$secure_addr"
	contains "$output" "$secure_addr"
	[ ! -e "$config" ]
	password=wrong run ! login -u alice --password-stdin "$bearer_addr"
	[ ! -e "$config" ]
	run ! login -u alice --password-stdin 127.0.0.1:1
	[ ! -e "$config" ]
}

@test "login to a registry with a token server" {
	login -u alice --password-stdin "$bearer_addr"
	tare pull -q "$bearer_addr/private/busybox:1"
}

@test "login keeps the rest of the file as it is, and replaces an entry where it stands" {
	mkdir -p "${config%/*}"
	printf '{"proxies":{"default":{"httpProxy":"x"}},"auths":{"other.test":{"auth":"YTpi"}},"detachKeys":"ctrl-x"}' >"$config"
	login -u alice --password-stdin "$secure_addr"
	equal '{"default":{"httpProxy":"x"}}' "$(jq -c .proxies "$config")"
	equal YTpi "$(jq -r '.auths["other.test"].auth' "$config")"
	equal ctrl-x "$(jq -r .detachKeys "$config")"
	mkdir -p "$XDG_RUNTIME_DIR/containers"
	printf '{"auths":{"%s":{"auth":"YTpi"}}}' "$bearer_addr" >"$XDG_RUNTIME_DIR/containers/auth.json"
	login -u alice --password-stdin "$bearer_addr"
	equal alice:secret "$(jq -r ".auths[\"$bearer_addr\"].auth" "$XDG_RUNTIME_DIR/containers/auth.json" | base64 -d)"
	equal null "$(jq -r ".auths[\"$bearer_addr\"]" "$config")"
}

@test "login through a symbolic link writes behind it" {
	mkdir -p "${config%/*}" "$HOME/dotfiles"
	echo '{}' >"$HOME/dotfiles/docker.json"
	ln -s ../dotfiles/docker.json "$config"
	login -u alice --password-stdin "$secure_addr"
	[ -L "$config" ]
	equal alice:secret "$(jq -r ".auths[\"$secure_addr\"].auth" "$HOME/dotfiles/docker.json" | base64 -d)"
}

@test "login again uses what is kept; --get-login tells who it is; --authfile names another file" {
	login -u alice --password-stdin "$secure_addr"
	run -0 tare login "$secure_addr" </dev/null
	contains "$output" "existing credentials"
	equal alice "$(tare login --get-login "$secure_addr")"
	run ! tare login --get-login other.test
	login -u alice --password-stdin --authfile "$BATS_TEST_TMPDIR/auth.json" "$bearer_addr"
	equal alice "$(tare login --get-login --authfile "$BATS_TEST_TMPDIR/auth.json" "$bearer_addr")"
	run ! tare login --get-login --authfile "$BATS_TEST_TMPDIR/nothing.json" "$bearer_addr"
}

@test "login says what is missing" {
	run ! tare login "$secure_addr" </dev/null
	contains "$output" --password-stdin
	run ! tare login --password-stdin "$secure_addr" </dev/null
	run ! tare login -u a -p b --password-stdin "$secure_addr" </dev/null
	run ! tare login -u a -p b nohost
	run -0 tare login -u alice -p secret "$secure_addr"
	contains "$output" insecure
}

@test "a person at a terminal is asked, and the password is not shown" {
	cat >"$BATS_TEST_TMPDIR/type" <<-'END'
		import os, pty, sys
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[1], sys.argv[1:])
		shown, answers = b"", [(b"Username: ", b"alice\n"), (b"Password: ", b"secret\n")]
		while True:
		    try:
		        piece = os.read(fd, 4096)
		    except OSError:
		        break
		    if not piece:
		        break
		    shown += piece
		    if answers and answers[0][0] in shown:
		        os.write(fd, answers.pop(0)[1])
		sys.stdout.buffer.write(shown)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	run -0 /usr/bin/python3 "$BATS_TEST_TMPDIR/type" tare login "$secure_addr"
	[[ $output != *secret* ]]
	contains "$output" "Login Succeeded"
}

@test "skopeo reads what login wrote, and we read what it writes" {
	login -u alice --password-stdin "$secure_addr"
	skopeo inspect --tls-verify=false "docker://$secure_addr/test/busybox:1" >/dev/null
	rm -r "${config%/*}"
	skopeo login --tls-verify=false -u alice -p secret "$secure_addr"
	tare pull -q "$secure_addr/test/busybox:1"
	tare logout "$secure_addr"
	run ! skopeo login --get-login "$secure_addr"
}

@test "logout forgets everywhere; a second time there is nothing to forget" {
	login -u alice --password-stdin "$secure_addr"
	login -u alice --password-stdin "$bearer_addr"
	run -0 tare logout "$secure_addr"
	equal "Removing login credentials for $secure_addr" "$output"
	equal null "$(jq -r ".auths[\"$secure_addr\"]" "$config")"
	run -0 tare logout "$secure_addr"
	equal "Not logged in to $secure_addr" "$output"
	run ! tare pull -q "$secure_addr/test/busybox:1"
	run -0 tare logout -a
	equal '{}' "$(jq -c .auths "$config")"
}

@test "a store for all keeps the secret, the file only a mark" {
	helper test
	mkdir -p "${config%/*}"
	echo '{"credsStore":"test"}' >"$config"
	run -0 --separate-stderr login -u alice --password-stdin "$secure_addr"
	[[ $stderr != *unencrypted* ]]
	equal '{}' "$(jq -c ".auths[\"$secure_addr\"]" "$config")"
	equal secret "$(jq -r .Secret "$BATS_TEST_TMPDIR/kept/$secure_addr")"
	tare pull -q "$secure_addr/test/busybox:1"
	tare logout "$secure_addr"
	[ ! -e "$BATS_TEST_TMPDIR/kept/$secure_addr" ]
	equal null "$(jq -r ".auths[\"$secure_addr\"]" "$config")"
}

@test "a helper for one host is asked for that host only" {
	helper test
	mkdir -p "${config%/*}"
	printf '{"credHelpers":{"%s":"test"}}' "$secure_addr" >"$config"
	printf '{"ServerURL":"%s","Username":"alice","Secret":"secret"}' "$secure_addr" >"$BATS_TEST_TMPDIR/kept/$secure_addr"
	tare pull -q "$secure_addr/test/busybox:1"
	run ! tare pull -q "$bearer_addr/private/busybox:1"
	equal "get $secure_addr" "$(sort -u "$BATS_TEST_TMPDIR/kept/log")"
}

@test "an identity token from a helper is sent to the token server alone" {
	helper test
	mkdir -p "${config%/*}"
	printf '{"credHelpers":{"%s":"test"}}' "$secure_addr" >"$config"
	printf '{"ServerURL":"%s","Username":"<token>","Secret":"abc"}' "$secure_addr" >"$BATS_TEST_TMPDIR/kept/$secure_addr"
	run ! tare pull -q "$secure_addr/test/busybox:1"
	contains "$output" "$secure_addr"
}
