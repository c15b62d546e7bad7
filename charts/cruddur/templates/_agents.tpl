{{/* The daemon's container, on a node or as a sidecar. Its image's ENTRYPOINT binds 0.0.0.0:2000; the last flag wins. */}}
{{- define "cruddur.daemonContainer" -}}
{{- $v := .Values -}}
{{- $own := fromYaml (include "cruddur.partValues" (list . "daemon")) -}}
name: daemon
{{ include "cruddur.imageOf" (list . $own.image) }}
args:
  # -o: never read the instance metadata; -m: the default is a share of the node's memory.
  {{- $args := list "-o" "-n" (include "cruddur.region" .) "-m" (toString $v.daemon.bufferMemoryMB) "-l" $v.daemon.logLevel "-c" "/etc/xray/cfg.yaml" }}
  {{- if not (include "cruddur.onNodes" .) }}
  {{- $args = concat $args (list "-b" "127.0.0.1:2000" "-t" "127.0.0.1:2000") }}
  {{- end }}
  {{- toYaml (concat $args $own.extraArgs) | nindent 2 }}
env:
  {{- include "cruddur.env" (list (fromYamlArray (include "cruddur.daemonEnv" .)) $own.extraEnv) | nindent 2 }}
ports:
  - {name: xray-udp, containerPort: 2000, protocol: UDP{{ if $v.tracing.hostPort }}, hostPort: 2000{{ end }}}
  - {name: xray-tcp, containerPort: 2000, protocol: TCP{{ if $v.tracing.hostPort }}, hostPort: 2000{{ end }}}
{{ include "cruddur.containerEnd" (list $own (list (dict "name" "daemon-config" "mountPath" "/etc/xray" "readOnly" true)) (ternary $v.tracing.handoverSeconds 0 (eq $v.tracing.placement "node"))) }}
{{- end -}}

{{- define "cruddur.daemonEnv" -}}
{{ include "cruddur.awsEnv" . }}
- name: AWS_HOSTNAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: AWS_INSTANCE_ID
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
{{- end -}}

{{/* The daemon's configuration file, the only place for an endpoint. */}}
{{- define "cruddur.daemonConfig" -}}
{{- $config := dict "Version" 2 -}}
{{- with include "cruddur.xrayEndpoint" . }}{{ $_ := set $config "Endpoint" . }}{{ end -}}
{{- with .Values.aws.roleArn }}{{ $_ := set $config "RoleARN" . }}{{ end -}}
{{- include "cruddur.mergeInto" (list $config .Values.daemon.config) -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The collector's container, on a node or as a sidecar. */}}
{{- define "cruddur.collectorContainer" -}}
{{- $v := .Values -}}
{{- $own := fromYaml (include "cruddur.partValues" (list . "collector")) -}}
name: collector
{{ include "cruddur.imageOf" (list . $own.image) }}
args:
  {{- toYaml (concat (list "--config=/etc/otelcol/config.yaml") $own.extraArgs) | nindent 2 }}
env:
  {{- include "cruddur.env" (list (fromYamlArray (include "cruddur.collectorEnv" .)) $own.extraEnv) | nindent 2 }}
ports:
  {{- if include "cruddur.spansWanted" . }}
  - {name: otlp, containerPort: 4318, protocol: TCP}
  {{- end }}
  {{- if include "cruddur.collectorTakesSegments" . }}
  - {name: xray-udp, containerPort: 2000, protocol: UDP{{ if $v.tracing.hostPort }}, hostPort: 2000{{ end }}}
  {{- end }}
  {{- if include "cruddur.collectorIsAgent" . }}
  - {name: xray-tcp, containerPort: 2000, protocol: TCP{{ if $v.tracing.hostPort }}, hostPort: 2000{{ end }}}
  {{- end }}
  - {name: otel-health, containerPort: 13133, protocol: TCP}
  - {name: otel-metrics, containerPort: 8888, protocol: TCP}
{{- $mounts := list (dict "name" "collector-config" "mountPath" "/etc/otelcol" "readOnly" true) }}
{{- if $v.collector.queue.volume }}{{ $mounts = append $mounts (dict "name" "collector-queue" "mountPath" "/var/lib/otelcol") }}{{ end }}
{{ include "cruddur.containerEnd" (list $own $mounts (ternary $v.tracing.handoverSeconds 0 (eq $v.tracing.placement "node"))) }}
{{- end -}}

{{- define "cruddur.collectorEnv" -}}
- name: MY_POD_IP
  valueFrom: {fieldRef: {fieldPath: status.podIP}}
{{- with include "cruddur.memoryLimitMiB" . }}
- {name: GOMEMLIMIT, value: {{ . }}MiB}
{{- end }}
{{ include "cruddur.awsEnv" . }}
{{- if .Values.destinations.honeycomb.enabled }}
- name: HONEYCOMB_API_KEY
  valueFrom:
    secretKeyRef:
      {{- if .Values.destinations.honeycomb.existingSecret }}
      name: {{ .Values.destinations.honeycomb.existingSecret }}
      key: {{ .Values.destinations.honeycomb.existingSecretKey }}
      {{- else }}
      name: {{ include "cruddur.part" (list . "honeycomb") }}
      key: api-key
      {{- end }}
{{- end }}
{{- end -}}

{{/* Four fifths of the collector's memory limit in MiB, or nothing without a limit. */}}
{{- define "cruddur.memoryLimitMiB" -}}
{{- $limit := int (include "cruddur.mebibytes" (dig "resources" "limits" "memory" "" (fromYaml (include "cruddur.partValues" (list . "collector"))))) -}}
{{- if gt $limit 0 }}{{ div (mul $limit 4) 5 }}{{ end -}}
{{- end -}}

{{/* The volumes of an agent, its configuration first: (list $ "daemon"). */}}
{{- define "cruddur.agentVolumes" -}}
{{- $config := dict "name" (printf "%s-config" (index . 1)) "configMap" (dict "name" (include "cruddur.part" .)) -}}
{{- $own := fromYaml (include "cruddur.partValues" .) -}}
{{- $volumes := list $config -}}
{{- if eq (index . 1) "collector" -}}
{{- with (index . 0).Values.collector.queue.volume }}{{ $volumes = append $volumes (merge (dict "name" "collector-queue") .) }}{{ end -}}
{{- end -}}
{{- include "cruddur.joined" (list "name" $volumes $own.extraVolumes) -}}
{{- end -}}

{{/* Checksums by which a changed configuration reaches the pods. */}}
{{- define "cruddur.daemonChecksum" -}}
checksum/daemon-config: {{ include "cruddur.daemonConfig" . | sha256sum }}
{{- end -}}

{{- define "cruddur.collectorChecksum" -}}
checksum/collector-config: {{ include "cruddur.collectorConfig" . | sha256sum }}
{{- if and .Values.destinations.honeycomb.enabled .Values.destinations.honeycomb.apiKey }}
checksum/honeycomb-key: {{ printf "%s/%s/%s" .Release.Namespace .Release.Name .Values.destinations.honeycomb.apiKey | sha256sum }}
{{- end }}
{{- end -}}
