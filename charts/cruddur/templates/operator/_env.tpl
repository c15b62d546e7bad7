{{- define "cruddur.operatorEnv" -}}
{{- $o := .Values.operator -}}
- {name: XRAY_OPERATOR_LISTEN, value: "0.0.0.0:8080"}
- {name: XRAY_OPERATOR_CLUSTER_ID, value: {{ default "local" $o.clusterId | quote }}}
- {name: XRAY_OPERATOR_NAMESPACES, value: {{ join "," $o.namespaces | quote }}}
- {name: XRAY_OPERATOR_INTERVAL, value: {{ $o.intervalSeconds | quote }}}
- {name: XRAY_OPERATOR_AWS_TIMEOUT, value: {{ $o.awsTimeoutSeconds | quote }}}
- {name: XRAY_OPERATOR_WRITE_RATE, value: {{ $o.writeRate | quote }}}
- {name: XRAY_OPERATOR_WRITE_BURST, value: {{ $o.writeBurst | quote }}}
- {name: XRAY_OPERATOR_RULE_QUOTA, value: {{ $o.ruleQuota | quote }}}
- {name: XRAY_OPERATOR_LOG_LEVEL, value: {{ $o.logLevel }}}
{{ include "cruddur.awsEnv" . }}
{{- with include "cruddur.xrayEndpoint" . }}
- {name: AWS_ENDPOINT_URL_XRAY, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* A pod of the operator's image that speaks to the API server: the operator itself, and the hooks. */}}
{{- define "cruddur.operatorPodSpec" -}}
{{- include "cruddur.podDefaults" . }}
securityContext:
  {{- include "cruddur.podSecurity" . | nindent 2 }}
{{ include "cruddur.scheduling" .Values.operator }}
{{- end -}}
