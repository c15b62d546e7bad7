{{- define "cruddur.xrayLocalEnv" -}}
{{- $name := include "cruddur.part" (list . "xray-local") -}}
{{- $qualified := printf "%s.%s" $name .Release.Namespace -}}
{{- $hosts := list $name $qualified (printf "%s.svc" $qualified) (printf "%s.svc.cluster.local" $qualified) -}}
- {name: XRAY_LOCAL_HOST, value: {{ ternary "::" "0.0.0.0" .Values.ipv6 | quote }}}
- {name: XRAY_LOCAL_API_PORT, value: "8900"}
- {name: XRAY_LOCAL_AGENT_PORT, value: "2000"}
- {name: XRAY_LOCAL_OTLP_PORT, value: "4318"}
- {name: XRAY_LOCAL_OTLP_GRPC_PORT, value: "4317"}
- {name: XRAY_LOCAL_DB, value: {{ ternary "/data/xray-local.sqlite" ":memory:" .Values.xrayLocal.persistInPod | quote }}}
- {name: XRAY_LOCAL_MAX_TRACES, value: {{ int64 .Values.xrayLocal.maxTraces | quote }}}
- {name: XRAY_LOCAL_REGION, value: {{ include "cruddur.region" . }}}
# Other host names are refused, against DNS rebinding.
- {name: XRAY_LOCAL_ALLOW_HOST, value: {{ join "," (concat $hosts .Values.xrayLocal.allowHosts) | quote }}}
{{- end -}}
