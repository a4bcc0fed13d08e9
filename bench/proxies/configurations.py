"""Configurations of the references: one worker each, connections kept, request ids and
X-Forwarded headers set as the gateway sets them, nothing logged, nothing spooled to disk."""

# keepalive_requests has a low default; closing connections would be measured, too.
_NGINX = """
worker_processes 1; daemon off; master_process off; pid {folder}/{name}.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
{http}
}}
"""
_KEPT = "keepalive 64; keepalive_requests 1000000000; keepalive_timeout 600s;"


def nginx_upstream(folder: str, port: int, *, body: str, large: str) -> str:
    """Answers `/large` with that file, and everything else with the short body."""
    http = f"""
  sendfile on; tcp_nopush on; default_type application/json;
  server {{ listen 127.0.0.1:{port};
    location /large {{ alias {large}; }}
    location / {{ return 200 '{body}'; }} }}"""
    return _NGINX.format(folder=folder, name="upstream", http=http)


def nginx_proxy(folder: str, port: int, upstream: int) -> str:
    http = f"""
  upstream replica {{ server 127.0.0.1:{upstream}; {_KEPT} }}
  server {{ listen 127.0.0.1:{port};
    location / {{ proxy_pass http://replica; proxy_http_version 1.1; proxy_max_temp_file_size 0;
      proxy_set_header Connection ""; proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto http; proxy_set_header X-Request-Id $request_id; }} }}"""
    return _NGINX.format(folder=folder, name="proxy", http=http)


def nginx_grpc(folder: str, port: int, upstream: int) -> str:
    http = f"""
  upstream replica {{ server 127.0.0.1:{upstream}; {_KEPT} }}
  server {{ listen 127.0.0.1:{port} http2; http2_max_concurrent_streams 128;
    location / {{ grpc_pass grpc://replica; grpc_set_header Host $host;
      grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      grpc_set_header X-Forwarded-Proto http; grpc_set_header X-Request-Id $request_id; }} }}"""
    return _NGINX.format(folder=folder, name="grpc", http=http)


def haproxy(port: int, upstream: int, *, grpc: bool = False) -> str:
    protocol = " proto h2" if grpc else ""
    return f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 10s
  timeout client 600s
  timeout server 600s
  http-reuse always
  option forwardfor
  unique-id-format %{{+X}}o%ci%cp%Ts%rt%pid
  unique-id-header X-Request-Id
frontend proxy
  bind 127.0.0.1:{port}{protocol}
  http-request set-header X-Forwarded-Proto http
  default_backend replica
backend replica
  server replica 127.0.0.1:{upstream}{protocol}
"""
