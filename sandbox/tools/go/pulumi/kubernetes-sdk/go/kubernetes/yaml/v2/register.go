// Package v2 makes the resources that are in YAML text.
package v2

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// RegisterResource makes a resource of the kind. Its outputs are not read by the provider, so that no type of them is
// needed.
func RegisterResource(
	ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	// Kinds without a group are of the group "core", in tokens alone.
	group := apiVersion
	if apiVersion == "v1" {
		group = "core/v1"
	}
	var made pulumi.CustomResourceState
	if err := ctx.RegisterResource("kubernetes:"+group+":"+kind, name, props, &made, opts...); err != nil {
		return nil, err
	}
	return &made, nil
}
