{{/*
Rights of an account in the namespaces that the operator serves: a ClusterRole for all of them, or a Role in each.
(dict "root" $ "part" "operator" "account" NAME "rules" TEXT "annotations" (dict))
*/}}
{{- define "cruddur.rights" -}}
{{- $root := .root -}}
{{- $cluster := empty $root.Values.operator.namespaces -}}
{{- $name := include "cruddur.part" (list $root .part) -}}
{{- if $cluster }}{{ $name = printf "%s.%s" $root.Release.Namespace $name }}{{ end -}}
{{- range $namespace := default (list "") $root.Values.operator.namespaces }}
{{- range $kind := list "Role" "RoleBinding" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "Cluster" "" $cluster }}{{ $kind }}
metadata:
  name: {{ $name }}
  {{- if not $cluster }}
  namespace: {{ $namespace | quote }}
  {{- end }}
  labels:
    {{- include "cruddur.labels" (list $root $.part) | nindent 4 }}
  {{- with include "cruddur.annotations" (list $root $.annotations) }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
{{- if eq $kind "Role" }}
rules:
  {{- $.rules | nindent 2 }}
{{- else }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ ternary "ClusterRole" "Role" $cluster }}
  name: {{ $name }}
subjects:
  - kind: ServiceAccount
    name: {{ $.account }}
    namespace: {{ $root.Release.Namespace | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
