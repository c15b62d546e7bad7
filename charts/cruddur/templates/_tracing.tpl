{{/* Each of these is "true" or empty. */}}
{{- define "cruddur.daemonRuns" -}}
{{- if and .Values.tracing.xraySdk.enabled (eq .Values.tracing.agent "daemon") }}true{{ end -}}
{{- end -}}

{{/* No agent and no collector of this release: it sends to those that are there. */}}
{{- define "cruddur.noAgents" -}}
{{- if eq .Values.tracing.agent "none" }}true{{ end -}}
{{- end -}}

{{/* The collector listens on port 2000 unless the daemon does: without segments over TCP alone, for the sampling rules. */}}
{{- define "cruddur.collectorIsAgent" -}}
{{- if not (or (include "cruddur.daemonRuns" .) (include "cruddur.noAgents" .)) }}true{{ end -}}
{{- end -}}

{{- define "cruddur.collectorTakesSegments" -}}
{{- if and .Values.tracing.xraySdk.enabled (include "cruddur.collectorIsAgent" .) }}true{{ end -}}
{{- end -}}

{{/* Whether spans have a destination; otherwise none are exported. A pipeline in collector.config is one as well. */}}
{{- define "cruddur.spansWanted" -}}
{{- $v := .Values -}}
{{- if include "cruddur.noAgents" . -}}
{{- if $v.tracing.existing.otlpEndpoint }}true{{ end -}}
{{- else if or (include "cruddur.ownSpansPipeline" .) (include "cruddur.spanPipelines" .) }}true{{ end -}}
{{- end -}}

{{/* The destinations of spans that collector.config does not remove, separated by spaces. */}}
{{- define "cruddur.spanPipelines" -}}
{{- $names := list -}}
{{- $exporters := default dict (get .Values.collector.config "exporters") -}}
{{- $pipelines := default dict (get (default dict (get .Values.collector.config "service")) "pipelines") -}}
{{- range $name := keys (fromYaml (include "cruddur.spanExporters" .)) | sortAlpha -}}
{{- $exporter := printf "otlp_http/%s" $name -}}
{{- $pipeline := printf "traces/%s" $name -}}
{{- $removed := or (and (hasKey $exporters $exporter) (kindIs "invalid" (get $exporters $exporter))) (and (hasKey $pipelines $pipeline) (kindIs "invalid" (get $pipelines $pipeline))) -}}
{{- if not $removed }}{{ $names = append $names $name }}{{ end -}}
{{- end -}}
{{- join " " $names -}}
{{- end -}}

{{/* A receiver that no pipeline has is not opened, so what counts is a pipeline of traces with `otlp`. */}}
{{- define "cruddur.ownSpansPipeline" -}}
{{- $found := false -}}
{{- range $name, $pipeline := default dict (get (default dict (get .Values.collector.config "service")) "pipelines") -}}
{{- if and (regexMatch "^traces(/|$)" $name) (has "otlp" (default list (dig "receivers" list (default dict $pipeline)))) }}{{ $found = true }}{{ end -}}
{{- end -}}
{{- if $found }}true{{ end -}}
{{- end -}}

{{- define "cruddur.collectorRuns" -}}
{{- if and (or (include "cruddur.spansWanted" .) (include "cruddur.collectorIsAgent" .)) (not (include "cruddur.noAgents" .)) }}true{{ end -}}
{{- end -}}

{{- define "cruddur.onNodes" -}}
{{- if eq .Values.tracing.placement "node" }}true{{ end -}}
{{- end -}}

{{/* The label of the pods that serve port 2000, of either agent: while one replaces the other, both serve. */}}
{{- define "cruddur.agentLabel" -}}
xray.cruddur.io/agent: "true"
{{- end -}}

{{- define "cruddur.agentSelector" -}}
{{ include "cruddur.releaseSelector" . }}
{{ include "cruddur.agentLabel" . }}
{{- end -}}

{{- define "cruddur.agentAddress" -}}
{{- if include "cruddur.noAgents" . -}}
{{ .Values.tracing.existing.agentAddress }}
{{- else if not (include "cruddur.onNodes" .) -}}
127.0.0.1:2000
{{- else if .Values.tracing.hostPort -}}
$(HOST_IP):2000
{{- else -}}
{{ include "cruddur.part" (list . "agent") }}:2000
{{- end -}}
{{- end -}}

{{- define "cruddur.otlpEndpoint" -}}
{{- if include "cruddur.noAgents" . -}}
{{ .Values.tracing.existing.otlpEndpoint }}
{{- else if include "cruddur.onNodes" . -}}
http://{{ include "cruddur.part" (list . "collector") }}:4318
{{- else -}}
http://127.0.0.1:4318
{{- end -}}
{{- end -}}
