{{/* repository:tag, with the digest when there is one: (list $ .Values.backend.image). */}}
{{- define "cruddur.image" -}}
{{- $image := index . 1 -}}
{{- $name := printf "%s:%s" $image.repository (default (index . 0).Chart.AppVersion $image.tag) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* Image and pull policy of a container: (list $ .Values.backend.image). */}}
{{- define "cruddur.imageOf" -}}
image: {{ include "cruddur.image" . | quote }}
imagePullPolicy: {{ (index . 1).pullPolicy }}
{{- end -}}

{{/* Pod Security "restricted"; the user is numeric, because the kubelet cannot verify that a name is not root. */}}
{{- define "cruddur.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "cruddur.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What every pod's spec begins with. Service links would add variables such as CRUDDUR_BACKEND_PORT. */}}
{{- define "cruddur.podDefaults" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Where a pod may run: the values of its part. */}}
{{- define "cruddur.scheduling" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The same for a DaemonSet: Fargate nodes run none, and their pods would stay pending. */}}
{{- define "cruddur.nodeScheduling" -}}
{{- $noFargate := fromYaml (include "cruddur.notOnFargate" .) -}}
{{- include "cruddur.scheduling" (mustMergeOverwrite (dict) . (dict "affinity" (default $noFargate .affinity))) -}}
{{- end -}}

{{- define "cruddur.notOnFargate" -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - {key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate]}
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

{{/* Keeps serving after the Service has another pod. The images have no shell, hence `sleep`. */}}
{{- define "cruddur.handover" -}}
{{- if gt (int .Values.tracing.handoverSeconds) 0 }}
lifecycle:
  preStop:
    sleep:
      seconds: {{ .Values.tracing.handoverSeconds }}
{{- end }}
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
