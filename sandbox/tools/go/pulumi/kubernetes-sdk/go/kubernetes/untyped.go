// Package kubernetes has the arguments of resources whose kind is known only when they are made.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of a resource of any kind.
type UntypedArgs map[string]any

// ElementType makes it an input of Pulumi's SDK.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
