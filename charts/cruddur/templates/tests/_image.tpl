{{/* The test's image: tests.image, with the backend's in place of what is empty. A digest belongs to its own repository and tag. */}}
{{- define "cruddur.testImage" -}}
{{- $test := .Values.tests.image -}}
{{- $backend := .Values.backend.image -}}
{{- $own := or $test.repository $test.tag -}}
repository: {{ default $backend.repository $test.repository | quote }}
tag: {{ default $backend.tag $test.tag | quote }}
digest: {{ default (ternary "" $backend.digest (not (empty $own))) $test.digest | quote }}
pullPolicy: {{ $test.pullPolicy }}
{{- end -}}
