{{/*
The collector's configuration: what the chart builds, and collector.config over it. Maps are merged, its extensions are
added to the chart's, and null removes a component, also from where the chart uses it.
*/}}
{{- define "cruddur.collectorConfig" -}}
{{- $config := fromYaml (include "cruddur.builtCollectorConfig" .) -}}
{{- $built := deepCopy $config -}}
{{- include "cruddur.mergeInto" (list $config .Values.collector.config) -}}
{{- $gone := list -}}
{{- range $kind := list "receivers" "processors" "exporters" "extensions" -}}
{{- range $name := keys (get $built $kind) -}}
{{- if not (hasKey (default dict (get $config $kind)) $name) }}{{ $gone = append $gone $name }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if hasKey $config.service "extensions" -}}
{{- $_ := set $config.service "extensions" (fromYamlArray (include "cruddur.allBut" (list (uniq (concat $built.service.extensions $config.service.extensions)) $gone))) -}}
{{- end -}}
{{- range $name, $pipeline := $config.service.pipelines -}}
{{- range $list := list "receivers" "processors" "exporters" -}}
{{- with get $pipeline $list -}}
{{- $left := fromYamlArray (include "cruddur.allBut" (list . $gone)) -}}
{{- $_ := set $pipeline $list $left -}}
{{- if not (or $left (eq $list "processors")) }}{{ $_ := unset $config.service.pipelines $name }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{/* The items of a list that are not in another: (list ITEMS OTHERS). */}}
{{- define "cruddur.allBut" -}}
{{- $left := list -}}
{{- range index . 0 }}{{ if not (has . (index $ 1)) }}{{ $left = append $left . }}{{ end }}{{ end -}}
{{- toYaml $left -}}
{{- end -}}

{{- define "cruddur.builtCollectorConfig" -}}
{{- $v := .Values -}}
{{- /* An address of IPv6 needs the brackets, and one of IPv4 may have them. */}}
{{- $host := ternary "[${env:MY_POD_IP}]" "127.0.0.1" (eq $v.tracing.placement "node") -}}
{{- $spans := include "cruddur.spansWanted" . -}}
{{- $segments := include "cruddur.collectorTakesSegments" . -}}
{{- $proxy := and (include "cruddur.collectorIsAgent" .) (not $segments) -}}
{{- $exporters := fromYaml (include "cruddur.spanExporters" .) -}}
{{- $queued := include "cruddur.segmentsQueued" . -}}
{{- $loopback := "127.0.0.1:4319" -}}
{{- $stored := $v.collector.queue.volume -}}
{{- $signs := hasKey $exporters "xray" -}}
receivers:
  {{- if $spans }}
  otlp:
    protocols:
      http:
        endpoint: {{ printf "%s:4318" $host | quote }}
  {{- end }}
  {{- if $segments }}
  awsxray:
    endpoint: {{ printf "%s:2000" $host | quote }}
    transport: udp
    proxy_server:
      {{- include "cruddur.samplingProxy" (list . $host) | nindent 6 }}
  {{- end }}
  {{- if $queued }}
  # The awsxray exporter has no queue: otlp_http/segments has one, and learns here whether X-Ray accepted what it sent.
  otlp/segments:
    protocols:
      http:
        endpoint: {{ $loopback }}
  {{- end }}
processors:
  memory_limiter:
    check_interval: 1s
    {{- with include "cruddur.memoryLimitMiB" . }}
    limit_mib: {{ . }}
    spike_limit_mib: {{ div (int .) 5 }}
    {{- else }}
    limit_percentage: 80
    spike_limit_percentage: 16
    {{- end }}
  {{- if not $stored }}
  batch:
    timeout: {{ $v.collector.batch.timeout }}
    send_batch_size: {{ $v.collector.batch.size }}
    send_batch_max_size: {{ $v.collector.batch.size }}
  {{- end }}
  {{- if $segments }}
  # PutTraceSegments accepts 50. Without a batch, a burst of datagrams is lost in the receiver.
  batch/segments:
    timeout: 1s
    send_batch_size: 50
    send_batch_max_size: 50
  {{- end }}
exporters:
  {{- range $name, $exporter := $exporters }}
  otlp_http/{{ $name }}:
    {{- toYaml $exporter | nindent 4 }}
  {{- end }}
  {{- if $queued }}
  otlp_http/segments:
    endpoint: http://{{ $loopback }}
    compression: none
    {{- include "cruddur.exporterDefaults" . | nindent 4 }}
  {{- end }}
  {{- if $segments }}
  awsxray:
    region: {{ include "cruddur.region" . }}
    local_mode: true
    {{- if not $queued }}
    max_retries: 5
    {{- end }}
    {{- with include "cruddur.xrayEndpoint" . }}
    endpoint: {{ . }}
    {{- end }}
    {{- with $v.aws.roleArn }}
    role_arn: {{ . }}
    {{- end }}
  {{- end }}
extensions:
  health_check:
    endpoint: "[${env:MY_POD_IP}]:13133"
  {{- if $stored }}
  file_storage/queue:
    directory: /var/lib/otelcol
    create_directory: true
  {{- end }}
  {{- if $proxy }}
  # What the awsxray receiver does for the sampling rules, without its port for segments.
  awsproxy:
    {{- include "cruddur.samplingProxy" (list . $host) | nindent 4 }}
  {{- end }}
  {{- if $signs }}
  sigv4auth:
    region: {{ include "cruddur.region" . }}
    service: xray
    {{- with $v.aws.roleArn }}
    assume_role:
      arn: {{ . }}
    {{- end }}
  {{- end }}
service:
  extensions:
    - health_check
    {{- if $stored }}
    - file_storage/queue
    {{- end }}
    {{- if $proxy }}
    - awsproxy
    {{- end }}
    {{- if $signs }}
    - sigv4auth
    {{- end }}
  # A pipeline for each destination: one that fails does not delay the others.
  pipelines:
    {{- range $name, $_ := $exporters }}
    traces/{{ $name }}:
      receivers: [otlp]
      processors: [memory_limiter{{ if not $stored }}, batch{{ end }}]
      exporters: [otlp_http/{{ $name }}]
    {{- end }}
    {{- if $segments }}
    traces/segments:
      receivers: [awsxray]
      processors: [memory_limiter, batch/segments]
      exporters: [{{ if $queued }}otlp_http/segments{{ else }}awsxray{{ end }}]
    {{- end }}
    {{- if $queued }}
    traces/segments-to-xray:
      receivers: [otlp/segments]
      exporters: [awsxray]
    {{- end }}
  telemetry:
    logs:
      level: {{ $v.collector.logLevel }}
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: ${env:MY_POD_IP}
                port: 8888
                # Counters end in _total, as the alerts name them; without this they do not.
                without_type_suffix: false
{{- end -}}

{{/* The proxy of GetSamplingRules and GetSamplingTargets on port 2000, which signs them: (list $ host). */}}
{{- define "cruddur.samplingProxy" -}}
{{- $root := index . 0 -}}
endpoint: {{ printf "%s:2000" (index . 1) | quote }}
region: {{ include "cruddur.region" $root }}
local_mode: true
{{- with include "cruddur.xrayEndpoint" $root }}
aws_endpoint: {{ . }}
{{- end }}
{{- with $root.Values.aws.roleArn }}
role_arn: {{ . }}
{{- end }}
{{- end -}}

{{/* Segments wait in a queue while X-Ray is unreachable. Not in a sidecar: it has no handover, and the collector sends nothing from a queue while it stops. */}}
{{- define "cruddur.segmentsQueued" -}}
{{- if and (include "cruddur.collectorTakesSegments" .) (include "cruddur.onNodes" .) }}true{{ end -}}
{{- end -}}

{{/* The destinations of spans: name -> settings of an otlp_http exporter. */}}
{{- define "cruddur.spanExporters" -}}
{{- $v := .Values -}}
{{- $exporters := dict -}}
{{- if $v.xrayLocal.enabled -}}
{{- $_ := set $exporters "xray-local" (dict "endpoint" (printf "http://%s:4318" (include "cruddur.part" (list . "xray-local")))) -}}
{{- else if not $v.tracing.xraySdk.enabled -}}
{{- $xray := default (include "cruddur.regionsEndpoint" .) (include "cruddur.givenEndpoint" .) -}}
{{- $_ := set $exporters "xray" (dict "traces_endpoint" (printf "%s/v1/traces" $xray) "auth" (dict "authenticator" "sigv4auth")) -}}
{{- end -}}
{{- if $v.destinations.honeycomb.enabled -}}
{{- $headers := dict "x-honeycomb-team" "${env:HONEYCOMB_API_KEY}" -}}
{{- with $v.destinations.honeycomb.dataset }}{{ $_ := set $headers "x-honeycomb-dataset" . }}{{ end -}}
{{- $_ := set $exporters "honeycomb" (dict "endpoint" $v.destinations.honeycomb.endpoint "headers" $headers) -}}
{{- end -}}
{{- range $name, $settings := $v.destinations.otlp -}}
{{- $_ := set $exporters $name (deepCopy $settings) -}}
{{- end -}}
{{- $defaults := fromYaml (include "cruddur.exporterDefaults" .) -}}
{{- if $v.collector.queue.volume -}}
{{- /* The processor `batch` is in memory, before the queue; this is after it. */}}
{{- $size := int64 $v.collector.batch.size -}}
{{- $_ := set $defaults.sending_queue "batch" (dict "flush_timeout" $v.collector.batch.timeout "min_size" $size "max_size" $size) -}}
{{- end -}}
{{- range $name, $settings := $exporters -}}
{{- $_ := set $exporters $name (mustMergeOverwrite (deepCopy $defaults) $settings) -}}
{{- end -}}
{{- toYaml $exporters -}}
{{- end -}}

{{- define "cruddur.exporterDefaults" -}}
sending_queue:
  enabled: true
  sizer: items
  queue_size: {{ .Values.collector.queue.size | int64 }}
  {{- if .Values.collector.queue.volume }}
  storage: file_storage/queue
  {{- end }}
retry_on_failure:
  enabled: true
  max_elapsed_time: {{ .Values.collector.queue.maxElapsedTime }}
{{- end -}}
