{{/* repository:tag, with the digest when there is one, in global.imageRegistry if it is set: (list $ image). */}}
{{- define "cruddur.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $repository := $image.repository -}}
{{- with dig "imageRegistry" "" (default dict $root.Values.global) -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" $repository "") -}}
{{- end -}}
{{- $name := printf "%s:%s" $repository (default $root.Chart.AppVersion $image.tag) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* Image and pull policy of a container: (list $ image). */}}
{{- define "cruddur.imageOf" -}}
image: {{ include "cruddur.image" . | quote }}
imagePullPolicy: {{ (index . 1).pullPolicy }}
{{- end -}}

{{/* Pod Security "restricted"; the user is numeric, because the kubelet cannot verify that a name is not root. */}}
{{- define "cruddur.podSecurity" -}}
runAsNonRoot: true
seccompProfile:
  type: RuntimeDefault
{{- if not (or .Values.openshift (.Capabilities.APIVersions.Has "security.openshift.io/v1")) }}
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
{{- end }}
{{- end -}}

{{- define "cruddur.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
A pod's spec but its containers, volumes and account: (list $ PART_VALUES). Service links would add variables such as
CRUDDUR_BACKEND_PORT.
*/}}
{{- define "cruddur.podSpec" -}}
{{- $values := index . 1 -}}
enableServiceLinks: false
{{- with fromYamlArray (include "cruddur.pullSecrets" (index . 0)) }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "runtimeClassName" "dnsPolicy" "dnsConfig" "hostAliases" }}
{{- with get $values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The chart's Secrets to pull with and those of all charts, where a name alone stands for `{name: ...}`. */}}
{{- define "cruddur.pullSecrets" -}}
{{- $secrets := list -}}
{{- range concat (dig "imagePullSecrets" list (default dict .Values.global)) .Values.imagePullSecrets -}}
{{- $secrets = append $secrets (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- toYaml (uniq $secrets) -}}
{{- end -}}

{{/* The values of a DaemonSet's part: Fargate nodes run none, and its pods would stay pending there. (list $ "daemon") */}}
{{- define "cruddur.nodeValues" -}}
{{- $values := fromYaml (include "cruddur.partValues" .) -}}
{{- if not $values.affinity }}{{ $_ := set $values "affinity" (fromYaml (include "cruddur.notOnFargate" .)) }}{{ end -}}
{{- toYaml $values -}}
{{- end -}}

{{- define "cruddur.notOnFargate" -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - {key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}
{{- end -}}

{{/* The pods of a part evenly over the nodes, if possible: (list $ "backend"). */}}
{{- define "cruddur.spread" -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "cruddur.selector" . | nindent 6 }}
  # Only pods of this version count, so that a rollout spreads the new ones.
  matchLabelKeys: [pod-template-hash]
{{- end -}}

{{/* The update of a DaemonSet: the new pods come first, on all nodes at once; two pods cannot share a host port. */}}
{{- define "cruddur.nodeUpdate" -}}
type: RollingUpdate
rollingUpdate:
  {{- if .Values.tracing.hostPort }}
  maxSurge: 0
  maxUnavailable: 1
  {{- else }}
  maxSurge: 100%
  maxUnavailable: 0
  {{- end }}
{{- end -}}

{{/*
The fields of a container that each part may add to: (list PART_VALUES mounts SECONDS). It keeps running for so many
seconds after SIGTERM; the images have no shell, hence `sleep`.
*/}}
{{- define "cruddur.containerEnd" -}}
{{- $values := index . 0 -}}
{{- $end := pick $values "resources" "securityContext" -}}
{{- $hooks := dict -}}
{{- with int (index . 2) }}{{ $_ := set $hooks "preStop" (dict "sleep" (dict "seconds" .)) }}{{ end -}}
{{- range $event, $handler := $values.lifecycle }}{{ $_ := set $hooks $event $handler }}{{ end -}}
{{- $_ := set $end "lifecycle" $hooks -}}
{{- $_ := set $end "envFrom" $values.envFrom -}}
{{- $_ := set $end "volumeMounts" (fromYamlArray (include "cruddur.joined" (list "mountPath" (index . 1) $values.extraVolumeMounts))) -}}
{{- range $key := list "envFrom" "lifecycle" "volumeMounts" }}{{ if not (get $end $key) }}{{ $_ := unset $end $key }}{{ end }}{{ end -}}
{{- toYaml $end -}}
{{- end -}}

{{/*
One list of variables from the chart's and the user's, by name: (list defaults extra). Helm 4 refuses a name twice.
Kubernetes expands $(NAME) only to variables above, so a user's variable with $(NAME) comes after all others.
*/}}
{{- define "cruddur.env" -}}
{{- $given := dict -}}
{{- range index . 1 }}{{ $_ := set $given .name . }}{{ end -}}
{{- $plain := list -}}
{{- $referring := list -}}
{{- $seen := dict -}}
{{- range concat (index . 0) (index . 1) -}}
{{- if not (hasKey $seen .name) -}}
{{- $_ := set $seen .name true -}}
{{- if contains "$(" (toString (dig "value" "" (default dict (get $given .name)))) -}}
{{- $referring = append $referring (get $given .name) -}}
{{- else -}}
{{- $plain = append $plain (default . (get $given .name)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (concat $plain $referring) -}}
{{- end -}}

{{/* A quantity of memory in whole MiB, or 0 when there is none. */}}
{{- define "cruddur.mebibytes" -}}
{{- $text := toString (default "" (ternary (int64 .) . (kindIs "float64" .))) -}}
{{- $factors := dict "" 9.5367431640625e-07 "k" 9.5367431640625e-04 "Ki" 9.765625e-04 "M" 0.95367431640625 "Mi" 1.0 "G" 953.67431640625 "Gi" 1024.0 -}}
{{- if regexMatch "^[0-9.]+(k|Ki|M|Mi|G|Gi)?$" $text -}}
{{- mulf (float64 (regexFind "^[0-9.]+" $text)) (get $factors (regexFind "[A-Za-z]*$" $text)) | floor | int -}}
{{- else -}}
0
{{- end -}}
{{- end -}}
