# SPDX-License-Identifier: Apache-2.0
# policy.json: what must be signed comes in signed or not at all. Signatures are skopeo's and openssl's; the files are the sandbox's own.

load ../lib/tare

setup_file() {
	mount -t tmpfs tmpfs /etc/containers
	tare_setup_file busybox
	registry_start plain plain
	export plain_addr plain_dir plain_pid
	export GNUPGHOME=$BATS_FILE_TMPDIR/gnupg lookaside=$BATS_FILE_TMPDIR/lookaside
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-gen-key good@example.test ed25519 sign never
	gpg --batch --quiet --passphrase '' --quick-gen-key other@example.test ed25519 sign never
	for who in good other; do
		gpg --export "$who@example.test" >"$BATS_FILE_TMPDIR/$who.gpg"
		gpg --export --armor "$who@example.test" >"$BATS_FILE_TMPDIR/$who.asc"
		openssl ecparam -name prime256v1 -genkey -noout -out "$BATS_FILE_TMPDIR/$who.key"
		openssl ec -in "$BATS_FILE_TMPDIR/$who.key" -pubout -out "$BATS_FILE_TMPDIR/$who.pub" 2>/dev/null
	done
	fingerprint=$(gpg --list-keys --with-colons good@example.test | awk -F: '/^fpr/ { print $10; exit }')
	export fingerprint
	mkdir -p /etc/containers/registries.d
	printf 'docker:\n  %s:\n    lookaside: file://%s\n    use-sigstore-attachments: true\n' "$plain_addr" "$lookaside" >/etc/containers/registries.d/x.yaml
	registry_push plain "$images/busybox" plain/busybox:1
	registry_push plain "$images/busybox" signed/busybox:1 --sign-by "$fingerprint"
	registry_push plain "$images/busybox" cosigned/busybox:1
	cosign_by_hand cosigned/busybox 1 good.key
}

# The tag sha256-HEX.sig as cosign makes it: cosign_by_hand REPOSITORY TAG KEY [SIGNED_REFERENCE [DIGEST]]
cosign_by_hand() {
	local digest dir=$BATS_FILE_TMPDIR/sig payload signature size name
	digest=$(skopeo inspect --tls-verify=false "docker://$plain_addr/$1:$2" | jq -r .Digest)
	rm -rf "$dir"
	mkdir -p "$dir/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"cosign container image signature"},"optional":null}' \
		"${4-$plain_addr/$1}" "${5-$digest}" >"$dir/payload"
	if [ "$3" = ed.key ]; then
		signature=$(openssl pkeyutl -sign -rawin -inkey "$BATS_FILE_TMPDIR/$3" -in "$dir/payload" | base64 -w0)
	else
		signature=$(openssl dgst -sha256 -sign "$BATS_FILE_TMPDIR/$3" "$dir/payload" | base64 -w0)
	fi
	payload=$(sha256sum "$dir/payload" | cut -d' ' -f1)
	size=$(stat -c %s "$dir/payload")
	cp "$dir/payload" "$dir/blobs/sha256/$payload"
	printf '{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$payload" >"$dir/config"
	name=$(sha256sum "$dir/config" | cut -d' ' -f1)
	cp "$dir/config" "$dir/blobs/sha256/$name"
	jq -nc --arg p "sha256:$payload" --argjson ps "$size" --arg c "sha256:$name" --argjson cs "$(stat -c %s "$dir/config")" --arg s "$signature" \
		'{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		  config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $c, size: $cs},
		  layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: $p, size: $ps,
		            annotations: {"dev.cosignproject.cosign/signature": $s}}]}' >"$dir/manifest"
	curl -sf -X POST -D "$dir/h" "http://$plain_addr/v2/$1/blobs/uploads/" -o /dev/null
	for name in "$payload" "$name"; do
		curl -sf -X POST -D "$dir/h" "http://$plain_addr/v2/$1/blobs/uploads/" -o /dev/null
		curl -sf -X PUT --data-binary "@$dir/blobs/sha256/$name" -H 'Content-Type: application/octet-stream' \
			"$(awk 'tolower($1) == "location:" { print $2 }' "$dir/h" | tr -d '\r')&digest=sha256:$name"
	done
	curl -sf -X PUT --data-binary "@$dir/manifest" -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' "http://$plain_addr/v2/$1/manifests/${digest/:/-}.sig"
}

setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
}

teardown() {
	tare rmi -f $(tare images --format '{{.Repository}}:{{.Tag}}' | grep -vx busybox:latest) >/dev/null 2>&1 || :
	rm -f /etc/containers/policy.json
}

teardown_file() {
	gpgconf --homedir "$GNUPGHOME" --kill all
	registry_stop plain
	tare_teardown_file
	umount /etc/containers
}

# policy REQUIREMENT: for our registry; everything else is rejected.
policy() { jq -n --arg r "$plain_addr" --argjson q "$1" '{default: [{type: "reject"}], transports: {docker: {($r): [$q]}}}' >"${2-/etc/containers/policy.json}"; }
by() { printf '{"type":"signedBy","keyType":"GPGKeys","keyPath":"%s/%s"%s}' "$BATS_FILE_TMPDIR" "$1" "${2-}"; }
sigstore() { printf '{"type":"sigstoreSigned","keyPath":"%s/%s"%s}' "$BATS_FILE_TMPDIR" "$1" "${2-}"; }
repository=',"signedIdentity":{"type":"matchRepository"}'

refuses() {
	run ! tare pull -q "$@"
	contains "$output" "signature policy"
	equal "" "$(tare images -q "${@: -1}")"
}

@test "no policy file, and one that accepts, let everything in" {
	tare pull -q "$plain_addr/plain/busybox:1"
	policy '{"type":"insecureAcceptAnything"}'
	tare pull -q "$plain_addr/plain/busybox:1"
}

@test "reject is reject, also for what is here already; other names go by their own scope" {
	tare pull -q "$plain_addr/plain/busybox:1"
	policy '{"type":"reject"}'
	run ! tare pull -q "$plain_addr/plain/busybox:1"
	contains "$output" rejected
	run ! tare run --rm --network none "$plain_addr/signed/busybox:1" true
	# What is here may be used: the policy is about what comes in.
	tare run --rm --network none --pull never "$plain_addr/plain/busybox:1" true
	jq --arg r "$plain_addr/signed" '.transports.docker[$r] = [{type: "insecureAcceptAnything"}]' /etc/containers/policy.json >"$BATS_TEST_TMPDIR/p"
	cp "$BATS_TEST_TMPDIR/p" /etc/containers/policy.json
	tare pull -q "$plain_addr/signed/busybox:1"
}

@test "signedBy: skopeo's signature by the right key, by key file, armored, or in the policy itself" {
	policy "$(by good.gpg)"
	tare pull -q "$plain_addr/signed/busybox:1"
	policy "$(by good.asc)"
	tare pull -q "$plain_addr/signed/busybox:1"
	policy "{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyData\":\"$(base64 -w0 "$BATS_FILE_TMPDIR/good.gpg")\"}"
	tare pull -q "$plain_addr/signed/busybox:1"
	policy "{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyPaths\":[\"$BATS_FILE_TMPDIR/other.gpg\",\"$BATS_FILE_TMPDIR/good.gpg\"]}"
	tare pull -q "$plain_addr/signed/busybox:1"
}

@test "signedBy: no signature, another key, another name, another image are refused before anything is here" {
	policy "$(by good.gpg)"
	refuses "$plain_addr/plain/busybox:1"
	policy "$(by other.gpg)"
	refuses "$plain_addr/signed/busybox:1"
	policy "$(by good.gpg)"
	skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false "docker://$plain_addr/signed/busybox:1" "docker://$plain_addr/signed/busybox:2"
	refuses "$plain_addr/signed/busybox:2"
	policy "$(by good.gpg "$repository")"
	tare pull -q "$plain_addr/signed/busybox:2"
	tare rmi "$plain_addr/signed/busybox:2"
	# The signature of another repository's image.
	mkdir -p "$lookaside/plain"
	cp -r "$lookaside/signed/"busybox@* "$lookaside/plain/"
	refuses "$plain_addr/plain/busybox:1"
	rm -r "$lookaside/plain"
	run ! tare pull -q --signature-policy "$BATS_TEST_TMPDIR/none" "$plain_addr/signed/busybox:1"
}

@test "signedBy: damaged, cut and unsigned signatures are refused" {
	policy "$(by good.gpg)"
	file=$(echo "$lookaside"/signed/busybox@*/signature-1)
	cp "$file" "$BATS_TEST_TMPDIR/kept"
	for damage in 'head -c 40' 'tr "\\000-\\377" "\\001-\\377\\000"' 'gpg -q --decrypt' 'head -c 0' 'cat /dev/zero | head -c 1000000'; do
		eval "$damage" <"$BATS_TEST_TMPDIR/kept" >"$file" 2>/dev/null || :
		refuses "$plain_addr/signed/busybox:1"
	done
	gpg --batch --quiet --export other@example.test >"$file"
	refuses "$plain_addr/signed/busybox:1"
	# One bad one before the good one does no harm.
	cp "$BATS_TEST_TMPDIR/kept" "${file%1}2"
	tare pull -q "$plain_addr/signed/busybox:1"
	mv "${file%1}2" "$file"
}

@test "signedBy: a lookaside on a web server" {
	policy "$(by good.gpg)"
	port=$(free_port)
	/usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$lookaside" "$port" >/dev/null 2>&1 3>&- &
	server=$!
	wait_for 10 curl -s "http://127.0.0.1:$port/"
	mkdir -p "$HOME/.config/containers/registries.d"
	printf 'default-docker:\n  lookaside: http://127.0.0.1:%s\n' "$port" >"$HOME/.config/containers/registries.d/y.yaml"
	tare pull -q "$plain_addr/signed/busybox:1"
	refuses "$plain_addr/plain/busybox:1"
	kill "$server"
	wait "$server" || :
	run ! tare pull -q "$plain_addr/signed/busybox:1"
}

@test "sigstoreSigned: ECDSA by the right key; another key, name, digest are refused" {
	policy "$(sigstore good.pub "$repository")"
	tare pull -q "$plain_addr/cosigned/busybox:1"
	tare rmi "$plain_addr/cosigned/busybox:1"
	refuses "$plain_addr/plain/busybox:1"
	policy "$(sigstore other.pub "$repository")"
	refuses "$plain_addr/cosigned/busybox:1"
	# cosign does not name a tag: by the default rule that is none for this image.
	policy "$(sigstore good.pub)"
	refuses "$plain_addr/cosigned/busybox:1"
	policy "$(sigstore good.pub "$repository")"
	registry_push plain "$images/busybox" other/busybox:1
	cosign_by_hand other/busybox 1 good.key "$plain_addr/cosigned/busybox"
	refuses "$plain_addr/other/busybox:1"
	cosign_by_hand other/busybox 1 good.key "$plain_addr/other/busybox" "sha256:$(printf %064d 0)"
	refuses "$plain_addr/other/busybox:1"
	cosign_by_hand other/busybox 1 good.key
	tare pull -q "$plain_addr/other/busybox:1"
}

@test "sigstoreSigned: Ed25519 and RSA keys; what cannot be checked is not met" {
	registry_push plain "$images/busybox" rsa/busybox:1
	openssl genrsa -out "$BATS_FILE_TMPDIR/rsa.key" 2048 2>/dev/null
	openssl rsa -in "$BATS_FILE_TMPDIR/rsa.key" -pubout -out "$BATS_FILE_TMPDIR/rsa.pub" 2>/dev/null
	cosign_by_hand rsa/busybox 1 rsa.key
	policy "$(sigstore rsa.pub "$repository")"
	tare pull -q "$plain_addr/rsa/busybox:1"
	tare rmi "$plain_addr/rsa/busybox:1"
	openssl genpkey -algorithm ed25519 -out "$BATS_FILE_TMPDIR/ed.key"
	openssl pkey -in "$BATS_FILE_TMPDIR/ed.key" -pubout -out "$BATS_FILE_TMPDIR/ed.pub"
	cosign_by_hand rsa/busybox 1 ed.key
	refuses "$plain_addr/rsa/busybox:1"
	policy "$(sigstore ed.pub "$repository")"
	tare pull -q "$plain_addr/rsa/busybox:1"
	tare rmi "$plain_addr/rsa/busybox:1"
	openssl genrsa -out "$BATS_FILE_TMPDIR/weak.key" 1024 2>/dev/null
	openssl rsa -in "$BATS_FILE_TMPDIR/weak.key" -pubout -out "$BATS_FILE_TMPDIR/weak.pub" 2>/dev/null
	cosign_by_hand rsa/busybox 1 weak.key
	policy "$(sigstore weak.pub "$repository")"
	refuses "$plain_addr/rsa/busybox:1"
	policy '{"type":"sigstoreSigned","fulcio":{"caPath":"/x","oidcIssuer":"y","subjectEmail":"z"},"rekorPublicKeyPath":"/r"}'
	refuses "$plain_addr/cosigned/busybox:1"
	contains "$output" unsupported
}

@test "all requirements must be met" {
	policy "$(by good.gpg)"
	jq --argjson q "$(sigstore good.pub "$repository")" '.transports.docker[] += [$q]' /etc/containers/policy.json >"$BATS_TEST_TMPDIR/p"
	refuses --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/signed/busybox:1"
	cosign_by_hand signed/busybox 1 good.key
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/signed/busybox:1"
}

@test "a signature holds behind a mirror, too" {
	policy "$(by good.gpg)"
	printf '[[registry]]\nlocation = "%s"\n[[registry.mirror]]\nlocation = "localhost:%s"\n' "$plain_addr" "${plain_addr#*:}" >/etc/containers/registries.conf
	tare pull -q "$plain_addr/signed/busybox:1"
	refuses "$plain_addr/plain/busybox:1"
	rm /etc/containers/registries.conf
}

@test "a policy that is not understood lets nothing in" {
	echo '{"default":[{"type":"insecureAcceptAnything"}],"typo":{}}' >/etc/containers/policy.json
	run ! tare pull -q "$plain_addr/plain/busybox:1"
	contains "$output" policy.json
	policy '{"type":"signedBy","keyType":"GPGKeys","keyPath":"/nonexistent"}'
	run ! tare pull -q "$plain_addr/signed/busybox:1"
	contains "$output" /nonexistent
}

@test "load goes by the transport's scopes" {
	policy '{"type":"insecureAcceptAnything"}'
	run ! tare load -q -i "$images/busybox.docker.tar"
	contains "$output" "signature policy"
	jq --arg d "$images" '.transports["docker-archive"] = {"": [{type: "insecureAcceptAnything"}]} | .transports.oci = {($d): [{type: "insecureAcceptAnything"}]}' \
		/etc/containers/policy.json >"$BATS_TEST_TMPDIR/p"
	cp "$BATS_TEST_TMPDIR/p" /etc/containers/policy.json
	tare load -q -i "$images/busybox.docker.tar"
	tare load -q -i "$images/busybox"
}

@test "push --sign-by: skopeo believes our signature, and so do we" {
	policy "$(by good.gpg)"
	cp /etc/containers/policy.json "$BATS_TEST_TMPDIR/p"
	rm /etc/containers/policy.json
	tare push -q --sign-by "$fingerprint" busybox "$plain_addr/ours/busybox:1"
	ls "$lookaside"/ours/busybox@sha256=*/signature-1
	skopeo copy -q --policy "$BATS_TEST_TMPDIR/p" --src-tls-verify=false "docker://$plain_addr/ours/busybox:1" "dir:$BATS_TEST_TMPDIR/dir"
	policy "$(by other.gpg)" "$BATS_TEST_TMPDIR/q"
	run ! skopeo copy -q --policy "$BATS_TEST_TMPDIR/q" --src-tls-verify=false "docker://$plain_addr/ours/busybox:1" "dir:$BATS_TEST_TMPDIR/dir2"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/ours/busybox:1"
	run ! tare pull -q --signature-policy "$BATS_TEST_TMPDIR/q" "$plain_addr/ours/busybox:1"
	run ! tare push -q --sign-by nobody@example.test busybox "$plain_addr/ours/busybox:2"
	contains "$output" nobody@example.test
}

@test "copy --sign-by: both kinds, of what the copy became; signatures are for registries" {
	policy "$(by good.gpg)" "$BATS_TEST_TMPDIR/p"
	policy "$(sigstore good.pub)" "$BATS_TEST_TMPDIR/s"
	tare copy -q --dest-compress-format zstd --sign-by "$fingerprint" --sign-by-sigstore-private-key "$BATS_FILE_TMPDIR/good.key" "oci:$images/busybox:latest" \
		"docker://$plain_addr/copied/busybox:1"
	skopeo copy -q --policy "$BATS_TEST_TMPDIR/p" --src-tls-verify=false "docker://$plain_addr/copied/busybox:1" "dir:$BATS_TEST_TMPDIR/dir"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/copied/busybox:1"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/s" "$plain_addr/copied/busybox:1"
	run ! tare copy -q --sign-by "$fingerprint" "oci:$images/busybox:latest" "dir:$BATS_TEST_TMPDIR/dir2"
	contains "$output" "at registries"
	[ ! -e "$BATS_TEST_TMPDIR/dir2" ]
	tare rmi "$plain_addr/copied/busybox:1"
}

@test "push --sign-by-sigstore-private-key: openssl believes our signature, and so do we; a second one stands beside the first" {
	policy "$(sigstore good.pub)" "$BATS_TEST_TMPDIR/p"
	policy "$(sigstore other.pub)" "$BATS_TEST_TMPDIR/q"
	tare push -q --sign-by-sigstore-private-key "$BATS_FILE_TMPDIR/good.key" busybox "$plain_addr/oursig/busybox:1"
	# Debian's skopeo is built without sigstore, so openssl has the word.
	digest=$(skopeo inspect --tls-verify=false "docker://$plain_addr/oursig/busybox:1" | jq -r .Digest)
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$plain_addr/v2/oursig/busybox/manifests/${digest/:/-}.sig" >"$BATS_TEST_TMPDIR/sig"
	jq -r '.layers[0].annotations["dev.cosignproject.cosign/signature"]' "$BATS_TEST_TMPDIR/sig" | base64 -d >"$BATS_TEST_TMPDIR/signature"
	curl -sf "http://$plain_addr/v2/oursig/busybox/blobs/$(jq -r '.layers[0].digest' "$BATS_TEST_TMPDIR/sig")" >"$BATS_TEST_TMPDIR/payload"
	openssl dgst -sha256 -verify "$BATS_FILE_TMPDIR/good.pub" -signature "$BATS_TEST_TMPDIR/signature" "$BATS_TEST_TMPDIR/payload"
	equal "$digest" "$(jq -r '.critical.image["docker-manifest-digest"]' "$BATS_TEST_TMPDIR/payload")"
	equal "$plain_addr/oursig/busybox:1" "$(jq -r '.critical.identity["docker-reference"]' "$BATS_TEST_TMPDIR/payload")"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/oursig/busybox:1"
	run ! tare pull -q --signature-policy "$BATS_TEST_TMPDIR/q" "$plain_addr/oursig/busybox:1"
	openssl pkcs8 -topk8 -in "$BATS_FILE_TMPDIR/other.key" -out "$BATS_FILE_TMPDIR/other.enc" -passout pass:open
	run ! tare push -q --sign-by-sigstore-private-key "$BATS_FILE_TMPDIR/other.enc" busybox "$plain_addr/oursig/busybox:1"
	echo open >"$BATS_TEST_TMPDIR/pass"
	tare push -q --sign-by-sigstore-private-key "$BATS_FILE_TMPDIR/other.enc" --sign-passphrase-file "$BATS_TEST_TMPDIR/pass" busybox "$plain_addr/oursig/busybox:1"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/q" "$plain_addr/oursig/busybox:1"
	tare pull -q --signature-policy "$BATS_TEST_TMPDIR/p" "$plain_addr/oursig/busybox:1"
}
