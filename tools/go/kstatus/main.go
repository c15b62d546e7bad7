// Command kstatus prints what GitOps tools conclude about Kubernetes objects. It reads JSON objects from standard input
// and prints one line for each: its status and the message, as the library kstatus computes them. With --lua FILE it
// runs Argo CD's kind of health check instead, in the Lua that Argo CD embeds.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// The linker sets it to the version of the library that go.mod pins.
var version = "unknown"

func main() {
	showVersion := flag.Bool("version", false, "print the version of kstatus")
	script := flag.String("lua", "", "a health check of Argo CD, run instead of kstatus")
	flag.Parse()
	if *showVersion {
		fmt.Println(version)
		return
	}
	if err := run(json.NewDecoder(os.Stdin), *script); err != nil {
		fmt.Fprintf(os.Stderr, "kstatus: %v\n", err)
		os.Exit(1)
	}
}

func run(decoder *json.Decoder, script string) error {
	for {
		var text json.RawMessage
		if err := decoder.Decode(&text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(text); err != nil {
			return err
		}
		line, err := conclude(&object, script)
		if err != nil {
			return err
		}
		fmt.Println(line)
	}
}

func conclude(object *unstructured.Unstructured, script string) (string, error) {
	if script != "" {
		return health(object.Object, script)
	}
	result, err := status.Compute(object)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: %s", result.Status, result.Message), nil
}

func health(object map[string]any, script string) (string, error) {
	state := lua.NewState()
	defer state.Close()
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoFile(script); err != nil {
		return "", err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", errors.New("the health check returned no table")
	}
	return fmt.Sprintf("%s: %s", table.RawGetString("status"), table.RawGetString("message")), nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, inner := range value {
			table.RawSetString(key, toLua(state, inner))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, inner := range value {
			table.Append(toLua(state, inner))
		}
		return table
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	default:
		return lua.LNil
	}
}
