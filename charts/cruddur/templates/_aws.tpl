{{- define "cruddur.region" -}}
{{- default (ternary "us-east-1" "" .Values.xrayLocal.enabled) .Values.aws.region -}}
{{- end -}}

{{/* The domains of the region's partition, as YAML. */}}
{{- define "cruddur.partition" -}}
{{- $region := include "cruddur.region" . -}}
{{- $partition := dict -}}
{{- range fromYamlArray (.Files.Get "files/partitions.yaml") -}}
{{- if and (not $partition) (regexMatch .regions $region) }}{{ $partition = . }}{{ end -}}
{{- end -}}
{{- toYaml $partition -}}
{{- end -}}

{{/* The X-Ray API's URL in the region, in whatever partition. */}}
{{- define "cruddur.regionsEndpoint" -}}
{{- $partition := fromYaml (include "cruddur.partition" .) -}}
https://xray{{ if .Values.aws.fips }}-fips{{ end }}.{{ include "cruddur.region" . }}.{{ $partition.api }}
{{- end -}}

{{/* The X-Ray API's URL that the values name; empty for the region's default. */}}
{{- define "cruddur.givenEndpoint" -}}
{{- if .Values.xrayLocal.enabled -}}
http://{{ include "cruddur.part" (list . "xray-local") }}:8900
{{- else -}}
{{- .Values.aws.endpoint | trimSuffix "/" -}}
{{- end -}}
{{- end -}}

{{/*
The same for an agent, which has the region's own URL where its libraries may not know it: FIPS, and domains other than
amazonaws.com. The operator's library knows them, and refuses FIPS with a URL.
*/}}
{{- define "cruddur.xrayEndpoint" -}}
{{- $partition := fromYaml (include "cruddur.partition" .) -}}
{{- $given := include "cruddur.givenEndpoint" . -}}
{{- if $given -}}
{{- $given -}}
{{- else if or .Values.aws.fips (ne $partition.api "amazonaws.com") -}}
{{- include "cruddur.regionsEndpoint" . -}}
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
{{- else if .Values.ipv6 }}
- {name: AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, value: IPv6}
{{- end }}
{{- end -}}
