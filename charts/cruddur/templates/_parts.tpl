{{/*
The values of a part: podDefaults with its own over them. Maps are merged, null removes a key, and lists of variables,
volumes and mounts are joined by their names; other lists are replaced. (list $ "backend")
*/}}
{{- define "cruddur.partValues" -}}
{{- $root := index . 0 -}}
{{- $defaults := $root.Values.podDefaults -}}
{{- $own := get $root.Values (index . 1) -}}
{{- $merged := dict "podSecurityContext" (fromYaml (include "cruddur.podSecurity" $root)) "securityContext" (fromYaml (include "cruddur.containerSecurity" $root)) -}}
{{- include "cruddur.mergeInto" (list $merged $defaults) -}}
{{- include "cruddur.mergeInto" (list $merged $own) -}}
{{- $keys := dict "extraEnv" "name" "extraVolumes" "name" "extraVolumeMounts" "mountPath" -}}
{{- range $list, $key := $keys -}}
{{- $_ := set $merged $list (fromYamlArray (include "cruddur.joined" (list $key (get $defaults $list) (get $own $list)))) -}}
{{- end -}}
{{- $_ := set $merged "envFrom" (concat (default list $defaults.envFrom) (default list $own.envFrom)) -}}
{{- toYaml $merged -}}
{{- end -}}

{{/* Merges a map into another, in place; null removes a key, as in Helm's own values: (list TARGET SOURCE). */}}
{{- define "cruddur.mergeInto" -}}
{{- $target := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $target $key -}}
{{- else if kindIs "map" $value -}}
{{- if not (kindIs "map" (get $target $key)) }}{{ $_ := set $target $key dict }}{{ end -}}
{{- include "cruddur.mergeInto" (list (get $target $key) $value) -}}
{{- else -}}
{{- $_ := set $target $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The items of two lists: one of the second replaces that of the first with the same name. (list NAME_KEY FIRST SECOND) */}}
{{- define "cruddur.joined" -}}
{{- $key := index . 0 -}}
{{- $latest := dict -}}
{{- $order := list -}}
{{- range concat (default list (index . 1)) (default list (index . 2)) -}}
{{- $order = append $order (get . $key) -}}
{{- $_ := set $latest (get . $key) . -}}
{{- end -}}
{{- $items := list -}}
{{- range uniq $order }}{{ $items = append $items (get $latest .) }}{{ end -}}
{{- toYaml $items -}}
{{- end -}}
