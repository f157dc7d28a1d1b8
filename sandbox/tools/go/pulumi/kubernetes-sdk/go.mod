// What the kubernetes provider uses of its own Go SDK, which has a type for every kind of Kubernetes: compiling those
// would take longer than all the rest of it, and the provider needs none of them.
module github.com/pulumi/pulumi-kubernetes/sdk/v4

go 1.24.7

require github.com/pulumi/pulumi/sdk/v3 v3.246.0
