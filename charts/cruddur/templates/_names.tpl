{{/* The first part of all names: the release's name, followed by the chart's unless it contains it. */}}
{{- define "cruddur.fullname" -}}
{{- $chart := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $chart .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $chart | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of a part: include "cruddur.part" (list $ "backend"). */}}
{{- define "cruddur.part" -}}
{{- printf "%s-%s" (include "cruddur.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* The labels that select a part's pods; they never change. */}}
{{- define "cruddur.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
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

{{/* Name, namespace and labels of a part's object. */}}
{{- define "cruddur.metadata" -}}
name: {{ include "cruddur.part" . }}
namespace: {{ (index . 0).Release.Namespace | quote }}
labels:
  {{- include "cruddur.labels" . | nindent 2 }}
{{- end -}}

{{/* Labels and annotations of a part's pods: (list $ "backend" .Values.backend checksums labels). */}}
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
  {{- with mustMergeOverwrite (dict) $annotations $account.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}
