{{/* The backend's variables, with the user's over them. */}}
{{- define "cruddur.backendEnv" -}}
{{- include "cruddur.env" (list (fromYamlArray (include "cruddur.backendDefaultEnv" .)) (fromYaml (include "cruddur.partValues" (list . "backend"))).extraEnv) -}}
{{- end -}}

{{- define "cruddur.backendDefaultEnv" -}}
{{- $v := .Values -}}
{{- $excluded := $v.tracing.excludedPaths -}}
{{- range $v.backend.probes }}{{ if .enabled }}{{ $excluded = append $excluded .path }}{{ end }}{{ end -}}
{{- range $name, $value := mustMergeOverwrite (dict) $v.backend.service.annotations (fromYaml (include "cruddur.ingressAnnotations" .)) -}}
{{- if and (hasSuffix "healthcheck-path" $name) (hasPrefix "/" $value) }}{{ $excluded = append $excluded $value }}{{ end -}}
{{- end -}}
- {name: CRUDDUR_HOST, value: {{ ternary "::" "0.0.0.0" $v.ipv6 | quote }}}
- {name: PORT, value: {{ $v.backend.port | quote }}}
- {name: WEB_CONCURRENCY, value: {{ $v.backend.workers | quote }}}
# preStop has waited already, for any image.
- {name: CRUDDUR_DRAIN_SECONDS, value: "0"}
- {name: CRUDDUR_GRACEFUL_TIMEOUT, value: {{ $v.backend.gracefulTimeoutSeconds | quote }}}
- {name: CRUDDUR_LOG_LEVEL, value: {{ $v.backend.logLevel }}}
- {name: CRUDDUR_TRACING_EXCLUDED_PATHS, value: {{ uniq $excluded | join "," | quote }}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- {name: OTEL_SERVICE_NAME, value: {{ $v.serviceName | quote }}}
# Resource attributes that a processor in the collector would have to read from the API server.
- name: OTEL_RESOURCE_ATTRIBUTES
  value: k8s.namespace.name={{ .Release.Namespace }},k8s.deployment.name={{ include "cruddur.part" (list . "backend") }},k8s.pod.name=$(POD_NAME),k8s.node.name=$(NODE_NAME)
{{- if contains "$(HOST_IP)" (print (include "cruddur.agentAddress" .) (include "cruddur.otlpEndpoint" .)) }}
- name: HOST_IP
  valueFrom: {fieldRef: {fieldPath: status.hostIP}}
{{- end }}
{{- if include "cruddur.spansWanted" . }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ include "cruddur.otlpEndpoint" . | quote }}}
- {name: OTEL_EXPORTER_OTLP_PROTOCOL, value: http/protobuf}
{{- else }}
- {name: OTEL_TRACES_EXPORTER, value: none}
{{- end }}
# The collector has pipelines for traces only.
- {name: OTEL_METRICS_EXPORTER, value: none}
- {name: OTEL_LOGS_EXPORTER, value: none}
- {name: AWS_REGION, value: {{ include "cruddur.region" . }}}
- {name: AWS_XRAY_SDK_ENABLED, value: {{ $v.tracing.xraySdk.enabled | quote }}}
- {name: AWS_XRAY_TRACING_NAME, value: {{ $v.serviceName | quote }}}
# Where segments go by UDP, and where the sampling rules come from by TCP.
- {name: AWS_XRAY_DAEMON_ADDRESS, value: {{ include "cruddur.agentAddress" . | quote }}}
- {name: CRUDDUR_TRACING_ANOMALIES_PER_SECOND, value: {{ int64 $v.tracing.anomalies.perSecond | quote }}}
{{- with $v.tracing.anomalies.slowSeconds }}
- {name: CRUDDUR_TRACING_SLOW_SECONDS, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* The Ingress's annotations. An ALB checks `/` by default: the answer may be an error, and each check a trace. */}}
{{- define "cruddur.ingressAnnotations" -}}
{{- $ingress := .Values.backend.ingress -}}
{{- $annotations := deepCopy $ingress.annotations -}}
{{- if $ingress.enabled -}}
{{- $alb := eq "alb" (default $ingress.className (get $annotations "kubernetes.io/ingress.class")) -}}
{{- range $name := keys $annotations }}{{ if hasPrefix "alb.ingress.kubernetes.io/" $name }}{{ $alb = true }}{{ end }}{{ end -}}
{{- if and $alb (not (hasKey $annotations "alb.ingress.kubernetes.io/healthcheck-path")) -}}
{{- $_ := set $annotations "alb.ingress.kubernetes.io/healthcheck-path" .Values.backend.probes.readiness.path -}}
{{- end -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}
