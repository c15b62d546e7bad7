{{/* Rules of egress as lists; an empty list of peers means all. */}}
{{- define "cruddur.egressDns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
    # OpenShift's DNS pods, whose own port counts.
    - {port: 5353, protocol: UDP}
    - {port: 5353, protocol: TCP}
{{- end -}}

{{/* To some TCP ports: (list PORTS PEERS). */}}
{{- define "cruddur.egressTo" -}}
- ports:
    {{- range index . 0 }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  {{- with index . 1 }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* The port of a URL. */}}
{{- define "cruddur.portOf" -}}
{{- $url := urlParse . -}}
{{- default (ternary "443" "80" (eq $url.scheme "https")) (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host)) -}}
{{- end -}}

{{/* The endpoints from which AWS's libraries get credentials, other than STS. */}}
{{- define "cruddur.egressCredentials" -}}
{{- $addresses := dict "podIdentity" (list "169.254.170.23/32" "fd00:ec2::23/128") "none" (list "169.254.169.254/32" "fd00:ec2::254/128") -}}
{{- if not .Values.xrayLocal.enabled -}}
{{- with get $addresses .Values.aws.credentials.mode }}
- ports:
    - {port: 80, protocol: TCP}
  to:
    {{- range . }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* To the X-Ray API and STS, or to xray-local. */}}
{{- define "cruddur.egressXray" -}}
{{- if .Values.xrayLocal.enabled }}
{{ include "cruddur.egressTo" (list (list 8900 4318) (list (dict "podSelector" (dict "matchLabels" (fromYaml (include "cruddur.selector" (list . "xray-local"))))))) }}
{{- else }}
{{- $ports := list "443" -}}
{{- with .Values.aws.endpoint }}{{ $ports = append $ports (include "cruddur.portOf" .) }}{{ end }}
{{ include "cruddur.egressTo" (list (uniq $ports) .Values.networkPolicy.egress.awsTo) }}
{{ include "cruddur.egressCredentials" . }}
{{- end }}
{{- end -}}

{{/* Daemon and collector: to X-Ray and to the collector's other destinations. */}}
{{- define "cruddur.egressAgents" -}}
{{- $v := .Values -}}
{{ include "cruddur.egressXray" . }}
{{- $ports := list -}}
{{- if $v.destinations.honeycomb.enabled }}{{ $ports = append $ports (include "cruddur.portOf" $v.destinations.honeycomb.endpoint) }}{{ end -}}
{{- range $v.destinations.otlp }}{{ $ports = append $ports (include "cruddur.portOf" .endpoint) }}{{ end -}}
{{- with uniq $ports }}
{{ include "cruddur.egressTo" (list . $v.networkPolicy.egress.destinationsTo) }}
{{- end }}
{{- with $v.networkPolicy.egress.agentRules }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The backend: to its agents, or those in its pods to where agents send. */}}
{{- define "cruddur.egressBackend" -}}
{{- $v := .Values -}}
{{- if not (include "cruddur.onNodes" .) }}
{{ include "cruddur.egressAgents" . }}
{{- else if include "cruddur.noAgents" . }}
- ports:
    - {port: {{ regexFind "[0-9]+$" $v.tracing.existing.agentAddress }}, protocol: UDP}
    - {port: {{ regexFind "[0-9]+$" $v.tracing.existing.agentAddress }}, protocol: TCP}
    {{- with $v.tracing.existing.otlpEndpoint }}
    - {port: {{ include "cruddur.portOf" . }}, protocol: TCP}
    {{- end }}
{{- else }}
- ports:
    - {port: 2000, protocol: UDP}
    - {port: 2000, protocol: TCP}
  {{- if not $v.tracing.hostPort }}
  to:
    - podSelector:
        matchLabels:
          {{- include "cruddur.agentSelector" . | nindent 10 }}
  {{- end }}
{{ include "cruddur.egressTo" (list (list 4318) (list (dict "podSelector" (dict "matchLabels" (fromYaml (include "cruddur.selector" (list . "collector"))))))) }}
{{- end }}
{{- with $v.networkPolicy.egress.backendRules }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The operator and its Jobs: to the API server, behind its Service as well as in front of it, and the operator to X-Ray. */}}
{{- define "cruddur.egressOperator" -}}
{{ include "cruddur.egressTo" (list .Values.networkPolicy.egress.apiServerPorts list) }}
{{ include "cruddur.egressXray" . }}
{{- end -}}
