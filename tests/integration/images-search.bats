# SPDX-License-Identifier: Apache-2.0
# search: Docker's /v1/search where there is one, else the catalog. image trust show and set.

load ../lib/tare

setup_file() {
	mount -t tmpfs tmpfs /etc/containers
	tare_setup_file busybox
	registry_start plain plain
	registry_push plain "$images/busybox" test/busybox:1
	registry_push plain "$images/busybox" test/other:1
	export plain_addr plain_dir plain_pid
}

setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
}

teardown() {
	[ -z "${hub-}" ] || { kill "$hub"; wait "$hub" || :; }
	rm -rf /etc/containers/*
}

teardown_file() {
	registry_stop plain
	tare_teardown_file
	umount /etc/containers
}

# A registry that has Docker Hub's search, and notes what it was asked.
hub_start() {
	cat >"$BATS_TEST_TMPDIR/hub" <<-'END'
		import http.server, json, os, sys
		home = sys.argv[1]
		class H(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        open(home + "/asked", "a").write(self.path + "\n")
		        if self.path.startswith("/v2/_catalog?n=100"):
		            if "last=" in self.path:
		                body = b'{"repositories":["paged/third"]}'
		                self.send_response(200)
		            else:
		                body = b'{"repositories":["paged/first","other/second"]}'
		                self.send_response(200)
		                self.send_header("Link", '</v2/_catalog?n=100>; rel="first", </v2/_catalog?n=100&last=x>; rel="next"')
		            self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body); return
		        if not self.path.startswith("/v1/search?") or os.path.exists(home + "/catalog"):
		            self.send_response(404); self.end_headers(); return
		        body = json.dumps({"num_results": 3, "results": [
		            {"name": "library/thing", "description": "a thing\x1b[31m of\nwhich the description is much longer than one column", "star_count": 100, "is_official": True},
		            {"name": "me/thing", "description": None, "star_count": 5, "is_automated": True},
		            {"name": "me/thing2", "star_count": 0}]}).encode()
		        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
		    def log_message(self, *a): pass
		s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
		open(home + "/port.new", "w").write(str(s.server_port)); os.rename(home + "/port.new", home + "/port")
		s.serve_forever()
	END
	/usr/bin/python3 "$BATS_TEST_TMPDIR/hub" "$BATS_TEST_TMPDIR" </dev/null >/dev/null 2>&1 3>&- &
	hub=$!
	wait_for 10 test -s "$BATS_TEST_TMPDIR/port"
	addr=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
}

@test "search by /v1/search, with limit, filters and formats" {
	hub_start
	run -0 tare search "$addr/some thing&x"
	equal "/v1/search?n=25&q=some%20thing%26x" "$(tail -1 "$BATS_TEST_TMPDIR/asked")"
	contains "${lines[0]}" STARS
	contains "$output" "$addr/library/thing"
	contains "$output" '...'
	[[ $output != *$'\e'* ]]
	equal 3 "$(tare search --format '{{.Name}}' "$addr/x" | wc -l)"
	equal 1 "$(tare search --limit 1 --format '{{.Name}}' "$addr/x" | wc -l)"
	equal "$addr/library/thing" "$(tare search -f is-official=true --format '{{.Name}}' "$addr/x")"
	equal 2 "$(tare search -f stars=5 --format '{{.Name}}' "$addr/x" | wc -l)"
	contains "$(tare search --no-trunc "$addr/x")" "one column"
	equal "100" "$(tare search --format json "$addr/x" | jq -r 'select(.IsOfficial == "true").StarCount')"
	run ! tare search -f color=red "$addr/x"
	run ! tare search --limit 1000 "$addr/x"
}

@test "search by the catalog, and at the registries of registries.conf" {
	equal "$plain_addr/test/busybox" "$(tare search --format '{{.Name}}' "$plain_addr/busy")"
	equal 2 "$(tare search --format '{{.Name}}' "$plain_addr/test" | wc -l)"
	equal "" "$(tare search --format '{{.Name}}' "$plain_addr/nothing")"
	printf 'unqualified-search-registries = ["127.0.0.1:1", "%s"]\n' "$plain_addr" >/etc/containers/registries.conf
	run -0 --separate-stderr tare search --format '{{.Name}}' other
	equal "$plain_addr/test/other" "$output"
	contains "$stderr" 127.0.0.1:1
	run ! tare search 127.0.0.1:1/x
}

@test "search by a catalog of several pages, as far as wanted" {
	hub_start
	: >"$BATS_TEST_TMPDIR/catalog"
	equal "$addr/paged/first $addr/paged/third" "$(tare search --format '{{.Name}}' "$addr/paged" | xargs)"
	: >"$BATS_TEST_TMPDIR/asked"
	equal "$addr/paged/first" "$(tare search --limit 1 --format '{{.Name}}' "$addr/paged")"
	run ! grep -q last= "$BATS_TEST_TMPDIR/asked"
}

@test "image trust set changes one scope, show tells them all" {
	run ! tare image trust show
	tare image trust set -t reject default
	tare image trust set -t accept docker.io/library
	tare image trust set -t signedBy -f /k1.gpg -f /k2.gpg "$plain_addr"
	tare image trust set -t sigstoreSigned -f /k.pub quay.io
	equal reject "$(jq -r '.default[0].type' /etc/containers/policy.json)"
	equal 2 "$(jq --arg r "$plain_addr" '.transports.docker[$r] | length' /etc/containers/policy.json)"
	run -0 tare image trust show
	contains "${lines[0]}" TRANSPORT
	contains "$output" docker.io/library
	contains "$output" /k1.gpg
	contains "$output" file:///var/lib/containers/sigstore
	equal accept "$(tare image trust show -j | jq -r '.[] | select(.repo_name == "docker.io/library").type')"
	equal "* (default)" "$(tare image trust show --json | jq -r '.[0].name')"
	equal "$(jq -S . /etc/containers/policy.json)" "$(tare image trust show --raw | jq -S .)"
	run ! tare pull -q "$plain_addr/test/busybox:1"
	run ! tare image trust set -t signedBy x.test
	run ! tare image trust set -t accept -f /k x.test
	run ! tare image trust set -t perhaps x.test
	run ! skopeo copy -q --policy /etc/containers/policy.json --src-tls-verify=false "docker://$plain_addr/test/busybox:1" "dir:$BATS_TEST_TMPDIR/d"
	tare image trust set -t accept "$plain_addr"
	skopeo copy -q --policy /etc/containers/policy.json --src-tls-verify=false "docker://$plain_addr/test/busybox:1" "dir:$BATS_TEST_TMPDIR/d"
	tare pull -q "$plain_addr/test/busybox:1"
	tare rmi "$plain_addr/test/busybox:1"
}
