{{- define "cruddur.region" -}}
{{- default (ternary "us-east-1" "" .Values.xrayLocal.enabled) .Values.aws.region -}}
{{- end -}}

{{/* The X-Ray API's URL; empty for the region's default. */}}
{{- define "cruddur.xrayEndpoint" -}}
{{- if .Values.xrayLocal.enabled -}}
http://{{ include "cruddur.part" (list . "xray-local") }}:8900
{{- else -}}
{{- .Values.aws.endpoint | trimSuffix "/" -}}
{{- end -}}
{{- end -}}

{{/* The variables of a container that calls AWS. Only mode `none` may use the node's role. */}}
{{- define "cruddur.awsEnv" -}}
{{- $credentials := .Values.aws.credentials -}}
- {name: AWS_REGION, value: {{ include "cruddur.region" . }}}
{{- if .Values.xrayLocal.enabled }}
# xray-local accepts any keys; without them the SDKs would search for others.
- {name: AWS_ACCESS_KEY_ID, value: local}
- {name: AWS_SECRET_ACCESS_KEY, value: local}
{{- else if eq $credentials.mode "secret" }}
- name: AWS_ACCESS_KEY_ID
  valueFrom: {secretKeyRef: {name: {{ $credentials.existingSecret }}, key: AWS_ACCESS_KEY_ID}}
- name: AWS_SECRET_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ $credentials.existingSecret }}, key: AWS_SECRET_ACCESS_KEY}}
- name: AWS_SESSION_TOKEN
  valueFrom: {secretKeyRef: {name: {{ $credentials.existingSecret }}, key: AWS_SESSION_TOKEN, optional: true}}
{{- end }}
{{- if or .Values.xrayLocal.enabled (ne $credentials.mode "none") }}
- {name: AWS_EC2_METADATA_DISABLED, value: "true"}
{{- end }}
{{- end -}}
