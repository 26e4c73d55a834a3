# SPDX-License-Identifier: Apache-2.0
# Whom a pull talks to: registries.conf, hosts.toml, daemon.json, certificates, proxies. The files are the sandbox's own.

load ../lib/tare

setup_file() {
	mount -t tmpfs tmpfs /etc/containers
	mkdir -p /etc/docker /etc/containerd
	mount -t tmpfs tmpfs /etc/docker
	mount -t tmpfs tmpfs /etc/containerd
	tare_setup_file busybox
	registry_start one plain
	registry_start two plain
	registry_start secure tls
	registry_start mutual mtls
	registry_push one "$images/busybox" library/busybox:1
	registry_push one "$images/busybox" a/only-one:1
	registry_push two "$images/busybox" library/busybox:1
	registry_push two "$images/busybox" b/x:1
	registry_push secure "$images/busybox" test/busybox:1 --dest-creds alice:secret
	curl -s --cert "$mutual_dir/client.crt" --key "$mutual_dir/client.key" --cacert "$mutual_dir/ca.crt" "https://$mutual_addr/v2/" >/dev/null
	mkdir "$BATS_FILE_TMPDIR/mutual"
	cp "$mutual_dir/client.crt" "$BATS_FILE_TMPDIR/mutual/client.cert"
	cp "$mutual_dir/client.key" "$BATS_FILE_TMPDIR/mutual/client.key"
	cp "$mutual_dir/ca.crt" "$BATS_FILE_TMPDIR/mutual/ca.crt"
	skopeo copy -q --insecure-policy --dest-cert-dir "$BATS_FILE_TMPDIR/mutual" "oci:$images/busybox:latest" "docker://$mutual_addr/test/busybox:1"
	digest=$(skopeo inspect --tls-verify=false "docker://$one_addr/library/busybox:1" | jq -r .Digest)
	export one_addr one_dir one_pid two_addr two_dir two_pid secure_addr secure_dir secure_pid mutual_addr mutual_dir mutual_pid digest
}

setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	conf=/etc/containers/registries.conf
}

teardown() {
	tare rmi -f $(tare images --format '{{.Repository}}:{{.Tag}}' | grep -vx busybox:latest) >/dev/null 2>&1 || :
	rm -rf /etc/containers/* /etc/docker/* /etc/containerd/*
	[ ! -s "$BATS_TEST_TMPDIR/proxy.pid" ] || kill "$(cat "$BATS_TEST_TMPDIR/proxy.pid")"
}

teardown_file() {
	registry_stop one
	registry_stop two
	registry_stop secure
	registry_stop mutual
	tare_teardown_file
	umount /etc/containers /etc/docker /etc/containerd
}

@test "a location stands in the prefix's place; the image has the name that was asked for" {
	cat >$conf <<-END
		[[registry]]
		prefix = "up.test/ns"
		location = "$one_addr/library"
	END
	equal up.test/ns/busybox:1 "$(tare pull -q up.test/ns/busybox:1)"
	equal up.test/ns/busybox "$(tare images --format '{{.Repository}}' up.test/ns/busybox)"
	run ! tare pull -q up.test/other:1
}

@test "mirrors are asked in their order, the location at last" {
	cat >$conf <<-END
		[[registry]]
		prefix = "up.test"
		location = "$two_addr"
		[[registry.mirror]]
		location = "127.0.0.1:1"
		[[registry.mirror]]
		location = "$one_addr"
	END
	tare pull -q up.test/a/only-one:1
	run -0 tare pull up.test/b/x:1
	contains "$output" "mirror '127.0.0.1:1/b/x'"
	contains "$output" "mirror '$one_addr/b/x'"
	run ! tare pull up.test/no/where:1
}

@test "a mirror for digests is not asked for tags" {
	cat >$conf <<-END
		[[registry]]
		location = "up.test"
		mirror-by-digest-only = true
		[[registry.mirror]]
		location = "$one_addr"
	END
	run ! tare pull -q up.test/library/busybox:1
	tare pull -q "up.test/library/busybox@$digest"
	tare rmi -f "up.test/library/busybox@$digest"
}

@test "what is blocked is not pulled, pushed or logged in to" {
	cat >$conf <<-END
		[[registry]]
		prefix = "$one_addr/a"
		blocked = true
	END
	run ! tare pull -q "$one_addr/a/only-one:1"
	contains "$output" blocked
	contains "$output" "$conf"
	tare pull -q "$one_addr/library/busybox:1"
	run ! tare push -q "$one_addr/library/busybox:1" "$one_addr/a/x:1"
	contains "$output" blocked
}

@test "insecure takes any certificate; the rest of the world is still checked" {
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$secure_addr" >$conf
	tare pull -q --creds alice:secret "$secure_addr/test/busybox:1"
	rm $conf
	run ! tare pull -q --creds alice:secret "$secure_addr/test/busybox:1"
}

@test "drop-ins come over the file, the user's over the machine's; CONTAINERS_REGISTRIES_CONF names another" {
	mkdir -p /etc/containers/registries.conf.d "$HOME/.config/containers/registries.conf.d"
	printf '[[registry]]\nlocation = "up.test"\nblocked = true\n' >$conf
	printf '[[registry]]\nprefix = "up.test"\nlocation = "%s"\n' "$one_addr" >/etc/containers/registries.conf.d/10.conf
	tare pull -q up.test/a/only-one:1
	printf '[[registry]]\nprefix = "up.test"\nlocation = "%s"\n' "$two_addr" >"$HOME/.config/containers/registries.conf.d/00.conf"
	tare pull -q up.test/b/x:1
	rm -r /etc/containers/registries.conf.d "$HOME/.config"
	printf '[[registry]]\nprefix = "up.test"\nlocation = "%s"\n' "$two_addr" >"$BATS_TEST_TMPDIR/other.conf"
	run ! tare pull -q up.test/b/x:1
	CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/other.conf tare pull -q up.test/b/x:1
}

@test "a file that cannot be read is an error that names it and the line" {
	printf 'a = 1\n[[registry]\n' >$conf
	run ! tare pull -q "$one_addr/library/busybox:1"
	contains "$output" "$conf"
	contains "$output" "line 2"
	printf '[registries.search]\nregistries = ["docker.io"]\n' >$conf
	run ! tare pull -q "$one_addr/library/busybox:1"
	contains "$output" unsupported
	# What is here already needs none of them.
	equal hi "$(tare run --rm --network none busybox echo hi)"
}

@test "short names: aliases, then the search registries in their order" {
	cat >$conf <<-END
		unqualified-search-registries = ["127.0.0.1:1", "$one_addr", "$two_addr"]
		[aliases]
		"thing" = "$two_addr/b/x"
	END
	equal "$two_addr/b/x:1" "$(tare pull -q thing:1)"
	equal hi "$(tare run --rm --pull never --network none thing:1 echo hi)"
	equal "$one_addr/a/only-one:1" "$(tare pull -q a/only-one:1)"
	equal "$two_addr/b/x:1" "$(tare pull -q b/x:1)"
	equal hi "$(tare run --rm --pull never --network none b/x:1 echo hi)"
	run ! tare pull -q no/such:1
	sed -i '1i short-name-mode = "enforcing"' $conf
	run ! tare pull -q b/x:1
	contains "$output" enforcing
	tare pull -q thing:1
}

@test "hosts.toml: mirrors by capability, then the server" {
	mkdir -p "/etc/containerd/certs.d/up.test"
	cat >/etc/containerd/certs.d/up.test/hosts.toml <<-END
		server = "http://$two_addr"
		[host."http://$one_addr"]
		capabilities = ["pull", "resolve"]
	END
	tare pull -q up.test/a/only-one:1
	tare pull -q up.test/b/x:1
	sed -i 's/, "resolve"//' /etc/containerd/certs.d/up.test/hosts.toml
	tare rmi up.test/a/only-one:1
	run ! tare pull -q up.test/a/only-one:1
	tare pull -q "up.test/library/busybox@$digest"
	tare rmi -f "up.test/library/busybox@$digest"
}

@test "hosts.toml: a path of its own, headers, the certificates named there" {
	mkdir -p "/etc/containerd/certs.d/_default"
	cat >/etc/containerd/certs.d/_default/hosts.toml <<-END
		server = "https://$mutual_addr"
		ca = "$mutual_dir/ca.crt"
		client = [["$mutual_dir/client.crt", "$mutual_dir/client.key"]]
		[host."http://$one_addr/v2/library"]
		override_path = true
		[host."http://$one_addr/v2/library".header]
		x-test = "1"
	END
	tare pull -q up.test/busybox:1
	tare pull -q up.test/test/busybox:1
}

@test "daemon.json: mirrors of Docker Hub, insecure registries" {
	printf '{"registry-mirrors": ["http://%s/"], "insecure-registries": ["%s"]}' "$one_addr" "$secure_addr" >/etc/docker/daemon.json
	equal docker.io/library/busybox:1 "$(tare pull -q busybox:1)"
	tare rmi busybox:1
	tare pull -q --creds alice:secret "$secure_addr/test/busybox:1"
	printf '{"insecure-registries": ["127.0.0.0/8"]}' >/etc/docker/daemon.json
	tare rmi "$secure_addr/test/busybox:1"
	tare pull -q --creds alice:secret "$secure_addr/test/busybox:1"
}

@test "client certificates and authorities per registry; --cert-dir names another directory" {
	run ! tare pull -q "$mutual_addr/test/busybox:1"
	for dir in /etc/containers/certs.d /etc/docker/certs.d /etc/containerd/certs.d "$HOME/.config/containers/certs.d"; do
		mkdir -p "$dir"
		cp -r "$BATS_FILE_TMPDIR/mutual" "$dir/$mutual_addr"
		tare pull -q "$mutual_addr/test/busybox:1"
		tare rmi "$mutual_addr/test/busybox:1"
		rm -r "$dir"
		run ! tare pull -q "$mutual_addr/test/busybox:1"
	done
	tare pull -q --cert-dir "$BATS_FILE_TMPDIR/mutual" "$mutual_addr/test/busybox:1"
	tare push -q --cert-dir "$BATS_FILE_TMPDIR/mutual" "$mutual_addr/test/busybox:1" "$mutual_addr/test/pushed:1"
	tare login --cert-dir "$BATS_FILE_TMPDIR/mutual" -u x -p y "$mutual_addr"
	run ! tare pull -q --cert-dir "$BATS_TEST_TMPDIR/none" "$mutual_addr/test/busybox:1"
	mkdir -p "/etc/docker/certs.d/$mutual_addr"
	cp "$mutual_dir/client.crt" "/etc/docker/certs.d/$mutual_addr/client.cert"
	run ! tare pull -q "$mutual_addr/test/busybox:1"
	contains "$output" client.key
}

proxy_start() {
	"$lib/proxy" "$BATS_TEST_TMPDIR" </dev/null >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/proxy.pid"
	wait_for 10 test -s "$BATS_TEST_TMPDIR/proxy.port"
	proxy=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/proxy.port")
	: >"$BATS_TEST_TMPDIR/proxy.log"
}

@test "proxies from the environment, both spellings; not for loopback, not for NO_PROXY" {
	proxy_start
	plain=reg.test:${one_addr#*:} tls=reg.test:${secure_addr#*:}
	for variable in http_proxy HTTP_PROXY ALL_PROXY; do
		env "$variable=$proxy" "HTTPS_PROXY=$proxy" tare pull -q --tls-verify=false "$plain/a/only-one:1"
		tare rmi "$plain/a/only-one:1"
		contains "$(cat "$BATS_TEST_TMPDIR/proxy.log")" "GET http://$plain/v2/a/only-one/manifests/1"
		: >"$BATS_TEST_TMPDIR/proxy.log"
	done
	for variable in https_proxy HTTPS_PROXY; do
		env "$variable=$proxy" tare pull -q --tls-verify=false --creds alice:secret "$tls/test/busybox:1"
		tare rmi "$tls/test/busybox:1"
		contains "$(cat "$BATS_TEST_TMPDIR/proxy.log")" "CONNECT $tls -"
		: >"$BATS_TEST_TMPDIR/proxy.log"
	done
	HTTP_PROXY=$proxy HTTPS_PROXY=$proxy tare pull -q "$one_addr/a/only-one:1"
	equal "" "$(cat "$BATS_TEST_TMPDIR/proxy.log")"
	run ! env "HTTP_PROXY=$proxy" "HTTPS_PROXY=$proxy" NO_PROXY=.test timeout 60 tare pull -q --tls-verify=false "$plain/a/only-one:1"
	equal "" "$(cat "$BATS_TEST_TMPDIR/proxy.log")"
}

@test "a proxy that is not there is an error" {
	run ! env HTTPS_PROXY=http://127.0.0.1:1 timeout 100 tare pull -q reg.test/a/b:1
	contains "$output" reg.test
}
