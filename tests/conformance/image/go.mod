module tare/tests/conformance/image

go 1.19

require github.com/opencontainers/image-tools v1.0.0-rc3

require (
	github.com/opencontainers/go-digest v1.0.0 // indirect
	github.com/opencontainers/image-spec v1.1.1 // indirect
	github.com/opencontainers/runtime-spec v1.0.2 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/santhosh-tekuri/jsonschema/v5 v5.3.1 // indirect
	github.com/sirupsen/logrus v1.9.0 // indirect
	github.com/urfave/cli v1.22.5 // indirect
)
