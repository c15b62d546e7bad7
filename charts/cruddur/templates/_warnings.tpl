{{/* What is off or unexpected: one line each, for NOTES.txt. */}}
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
xray-local has no login, and loses traces, rules and groups when its pod is deleted: not for production.
{{- end }}
{{- if include "cruddur.daemonRuns" . }}
The X-Ray daemon is in maintenance mode (security fixes only): tracing.agent=collector replaces it, and addresses do not change.
{{- end }}
{{- if include "cruddur.noAgents" . }}
{{- else if not (include "cruddur.spansWanted" .) }}
OpenTelemetry's spans are not exported: destinations.honeycomb.enabled and destinations.otlp are not set.
{{- else if not $v.destinations.honeycomb.enabled }}
Nothing is sent to Honeycomb: destinations.honeycomb.enabled is false.
{{- end }}
{{- end -}}

{{- define "cruddur.awsWarnings" -}}
{{- $mode := .Values.aws.credentials.mode -}}
{{- if and (not .Values.xrayLocal.enabled) (eq $mode "none") }}
aws.credentials.mode is "none": the pods use their node's role, which requires a hop limit of 2 or more for the instance metadata.
{{- end }}
{{- end -}}

{{- define "cruddur.upkeepWarnings" -}}
{{- $v := .Values -}}
{{- if and $v.monitoring.prometheusRule.enabled (not $v.monitoring.serviceMonitor.enabled) }}
The alerts match metrics with the labels namespace, app_kubernetes_io_name and app_kubernetes_io_instance, which monitoring.serviceMonitor adds: it is not enabled.
{{- end }}
{{- if and $v.operator.enabled (not $v.operator.cleanup.enabled) }}
helm uninstall leaves rules and groups in the cluster and in X-Ray: operator.cleanup.enabled is false. See docs/operator.md for the steps before it.
{{- end }}
{{- if and $v.backend.enabled $v.backend.podDisruptionBudget.enabled (has (toString $v.backend.podDisruptionBudget.maxUnavailable) (list "0" "0%")) }}
No node with a pod of the backend can be drained: backend.podDisruptionBudget.maxUnavailable is {{ $v.backend.podDisruptionBudget.maxUnavailable }}.
{{- end }}
{{- end -}}

{{- define "cruddur.samplingWarnings" -}}
{{- $v := .Values -}}
{{- range (fromYaml (include "cruddur.partValues" (list . "backend"))).extraEnv }}
{{- if and $v.backend.enabled (eq .name "OTEL_TRACES_SAMPLER") (ne (toString .value) "xray") }}
X-Ray's sampling rules do not decide: backend.extraEnv sets OTEL_TRACES_SAMPLER, which takes precedence.
{{- end }}
{{- end }}
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
collector.config has no effect: no collector runs, since {{ ternary "tracing.agent is \"none\"" "no exporter for spans is set" (eq $v.tracing.agent "none") }}.
{{- end }}
{{- $runs := dict "daemon" (include "cruddur.daemonRuns" .) "collector" (include "cruddur.collectorRuns" .) }}
{{- range $part, $on := $runs }}
{{- if and $on $v.backend.enabled $v.backend.tolerations (include "cruddur.onNodes" $) (not (fromYaml (include "cruddur.partValues" (list $ $part))).tolerations) }}
What the backend's pods send to the {{ $part }} on tainted nodes is lost: backend.tolerations is set and {{ $part }}.tolerations is not, and each node's {{ $part }} serves that node only.
{{- end }}
{{- end }}
{{- if .Values.tracing.hostPort }}
tracing.hostPort opens port 2000 of every node. Pod Security baseline forbids it, and a rollout of the agent {{ ternary "loses segments: two pods cannot share the port, and the node may keep sending UDP to the old pod." "has a gap without sampling rules: two pods cannot share the port." .Values.tracing.xraySdk.enabled }}
{{- end }}
{{- end -}}

{{- define "cruddur.memoryWarnings" -}}
{{- $v := .Values -}}
{{- $runs := dict "backend" $v.backend.enabled "daemon" (include "cruddur.daemonRuns" .) "collector" (include "cruddur.collectorRuns" .) "xrayLocal" $v.xrayLocal.enabled "operator" $v.operator.enabled -}}
{{- range $part, $on := $runs }}
{{- if and $on (not (dig "resources" "limits" "memory" "" (fromYaml (include "cruddur.partValues" (list $ $part))))) }}
{{ $part }}.resources.limits.memory is not set: the node's memory is its limit.
{{- end }}
{{- end }}
{{- end -}}
