{{/*
The first part of all names: the release's name, followed by the chart's unless it contains it. A subchart adds its name
unless the two are equal: several aliases may be part of the release's name. What is cut ends in a hash.
*/}}
{{- define "cruddur.fullname" -}}
{{- $chart := default .Chart.Name .Values.nameOverride -}}
{{- $release := .Release.Name -}}
{{- $enough := ternary (contains $chart $release) (eq $chart $release) .Chart.IsRoot -}}
{{- $name := default (ternary $release (printf "%s-%s" $release $chart) $enough) .Values.fullnameOverride -}}
{{- if gt (len $name) 40 -}}
{{- printf "%s-%s" ($name | trunc 31 | trimSuffix "-") ($name | sha256sum | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{/* The name of a part: include "cruddur.part" (list $ "backend"). */}}
{{- define "cruddur.part" -}}
{{- printf "%s-%s" (include "cruddur.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* The labels of one use of the chart: an alias of it in another chart has the same release, and another name. */}}
{{- define "cruddur.releaseSelector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The labels that select a part's pods; they never change. */}}
{{- define "cruddur.selector" -}}
{{ include "cruddur.releaseSelector" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* A part's labels that are the same in every version: a changed pod label replaces the pod. */}}
{{- define "cruddur.lastingLabels" -}}
{{ include "cruddur.selector" . }}
app.kubernetes.io/part-of: cruddur
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end -}}

{{/* The recommended labels of a part's objects. */}}
{{- define "cruddur.ownLabels" -}}
{{- $root := index . 0 -}}
{{ include "cruddur.lastingLabels" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* All labels of an object: (list $ "backend"). */}}
{{- define "cruddur.labels" -}}
{{- include "cruddur.labelsAnd" (list (index . 0) (index . 1) (dict)) -}}
{{- end -}}

{{/* The same with more labels, which take precedence: (list $ "backend" labels). */}}
{{- define "cruddur.labelsAnd" -}}
{{- toYaml (mustMergeOverwrite (fromYaml (include "cruddur.ownLabels" .)) (index . 0).Values.commonLabels (index . 2)) -}}
{{- end -}}

{{/* Name, namespace, labels and annotations of a part's object: (list $ "backend" annotations), the last if there are any. */}}
{{- define "cruddur.metadata" -}}
name: {{ include "cruddur.part" . }}
namespace: {{ (index . 0).Release.Namespace | quote }}
labels:
  {{- include "cruddur.labels" . | nindent 2 }}
{{- with include "cruddur.annotations" (list (index . 0) (index (append . dict) 2)) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The annotations of an object, which take precedence over the common ones: (list $ annotations). */}}
{{- define "cruddur.annotations" -}}
{{- with mustMergeOverwrite (dict) (index . 0).Values.commonAnnotations (index . 1) }}
{{- toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels and annotations of a part's pods: (list $ "backend" PART_VALUES checksums labels). */}}
{{- define "cruddur.podMetadata" -}}
{{- $values := index . 2 -}}
labels:
  {{- toYaml (mustMergeOverwrite (fromYaml (include "cruddur.lastingLabels" .)) (index . 0).Values.commonLabels (index . 4) $values.podLabels) | nindent 2 }}
{{- with mustMergeOverwrite (dict) (index . 3) $values.podAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The ServiceAccount of a part: (list $ "backend" .Values.backend.serviceAccount). */}}
{{- define "cruddur.serviceAccountName" -}}
{{- $account := index . 2 -}}
{{- if $account.create -}}
{{- default (include "cruddur.part" .) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{/* A ServiceAccount: (list $ "backend" .Values.backend.serviceAccount roleArn). */}}
{{- define "cruddur.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $account := index . 2 -}}
{{- $annotations := dict -}}
{{- if and (eq $root.Values.aws.credentials.mode "irsa") (index . 3) -}}
{{- $annotations = dict "eks.amazonaws.com/role-arn" (index . 3) -}}
{{- end -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "cruddur.serviceAccountName" . }}
  namespace: {{ $root.Release.Namespace | quote }}
  labels:
    {{- include "cruddur.labels" . | nindent 4 }}
  {{- with include "cruddur.annotations" (list $root (mustMergeOverwrite $annotations $account.annotations)) }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{/* The labels that a monitor copies from Services or pods to the metrics, and that select those of this use of the chart. */}}
{{- define "cruddur.metricLabels" -}}
- app.kubernetes.io/name
- app.kubernetes.io/instance
{{- end -}}

{{- define "cruddur.ownMetrics" -}}
{{- $labels := fromYaml (include "cruddur.releaseSelector" .) -}}
namespace={{ .Release.Namespace | quote }}
{{- range $name, $value := $labels }},{{ regexReplaceAll "[^a-z]" $name "_" }}={{ $value | quote }}{{ end -}}
{{- end -}}
