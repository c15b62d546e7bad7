{{/* What is off, or will surprise: one line each, for NOTES.txt. */}}
{{- define "cruddur.warnings" -}}
{{- range $part := list "ends" "aws" "sampling" "node" "upkeep" "memory" -}}
{{- range splitList "\n" (include (printf "cruddur.%sWarnings" $part) $) -}}
{{- with trim . }}
- {{ . }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "cruddur.endsWarnings" -}}
{{- $v := .Values -}}
{{- if $v.xrayLocal.enabled }}
Traces, rules and groups are kept by xray-local, which forgets all of them when its pod goes: not for production.
{{- end }}
{{- if include "cruddur.daemonRuns" . }}
AWS ends the support of the X-Ray daemon on 2027-02-25: tracing.agent=collector takes its place, and addresses stay.
{{- end }}
{{- if not (include "cruddur.spansWanted" .) }}
OpenTelemetry's spans are sent to nobody: honeycomb.enabled and otlp.extraExporters are not set.
{{- else if not $v.honeycomb.enabled }}
Nothing is sent to Honeycomb: honeycomb.enabled is false.
{{- end }}
{{- end -}}

{{- define "cruddur.awsWarnings" -}}
{{- $mode := .Values.aws.credentials.mode -}}
{{- if and .Values.xrayLocal.enabled .Values.aws.endpoint }}
aws.endpoint is without effect: xrayLocal.enabled is true.
{{- end }}
{{- if and .Values.xrayLocal.enabled (ne $mode "none") }}
aws.credentials.mode is {{ $mode | quote }} and without effect: xrayLocal.enabled is true.
{{- end }}
{{- if and (not .Values.xrayLocal.enabled) (eq $mode "none") }}
aws.credentials.mode is "none": the pods ask their node for its role, which takes a hop limit of 2 or more for its metadata.
{{- end }}
{{- end -}}

{{- define "cruddur.upkeepWarnings" -}}
{{- $v := .Values -}}
{{- if and $v.operator.enabled (not $v.operator.cleanup.enabled) }}
helm uninstall leaves rules and groups, in the cluster and in X-Ray: operator.cleanup.enabled is false. docs/operator.md says what to do before it.
{{- end }}
{{- if and $v.backend.enabled $v.backend.podDisruptionBudget.enabled (has (toString $v.backend.podDisruptionBudget.maxUnavailable) (list "0" "0%")) }}
No node with a pod of the backend can be drained: backend.podDisruptionBudget.maxUnavailable is {{ $v.backend.podDisruptionBudget.maxUnavailable }}.
{{- end }}
{{- end -}}

{{- define "cruddur.samplingWarnings" -}}
{{- $v := .Values -}}
{{- $given := or $v.sampling.rules $v.sampling.groups -}}
{{- if not $v.operator.enabled }}
{{ ternary "sampling.rules and sampling.groups wait for" "XRaySamplingRules and XRayGroups wait for" (not (empty $given)) }} another release's operator: operator.enabled is false.
{{- else if and $given $v.operator.namespaces (not (has .Release.Namespace $v.operator.namespaces)) }}
sampling.rules and sampling.groups wait for another release's operator: operator.namespaces does not have {{ .Release.Namespace | quote }}.
{{- end }}
{{- end -}}

{{- define "cruddur.nodeWarnings" -}}
{{- $v := .Values -}}
{{- if and $v.collector.config (not (include "cruddur.collectorRuns" .)) }}
collector.config is without effect: no collector runs, as nobody takes spans.
{{- end }}
{{- $runs := dict "daemon" (include "cruddur.daemonRuns" .) "collector" (include "cruddur.collectorRuns" .) }}
{{- range $part, $on := $runs }}
{{- if and $on $v.backend.enabled $v.backend.tolerations (include "cruddur.onNodes" $) (not (get $v $part).tolerations) }}
What pods of the backend send to the {{ $part }} on tainted nodes is lost: backend.tolerations is set and {{ $part }}.tolerations is not, and each node's {{ $part }} serves that node only.
{{- end }}
{{- end }}
{{- if .Values.tracing.hostPort }}
tracing.hostPort opens port 2000 of every node. Pod Security baseline forbids it, and a rollout of the agent loses segments: two pods cannot share the port, and the node may go on sending UDP to the old one.
{{- end }}
{{- end -}}

{{- define "cruddur.memoryWarnings" -}}
{{- $v := .Values -}}
{{- $runs := dict "backend" $v.backend.enabled "daemon" (include "cruddur.daemonRuns" .) "collector" (include "cruddur.collectorRuns" .) "xrayLocal" $v.xrayLocal.enabled "operator" $v.operator.enabled -}}
{{- range $part, $on := $runs }}
{{- if and $on (not (dig "limits" "memory" "" (get (get $v $part) "resources"))) }}
{{ $part }}.resources.limits.memory is not set: the node's memory is its limit.
{{- end }}
{{- end }}
{{- end -}}
