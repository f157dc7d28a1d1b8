"""Calls one operation without parameters of every service that botocore has. Prints how many were called and which never got an answer."""
import json
import sys

import boto3
import botocore
from botocore.config import Config

config = Config(retries={"total_max_attempts": 1}, read_timeout=20, connect_timeout=5)
session = boto3.Session()
called, silent = [], []
# The console's sign-in: its rules for endpoints ignore a custom one. Nothing of the sandbox, and no AWS tool by itself, calls it.
without_custom_endpoint = {"signin"}
for service in session.get_available_services():
    if service in without_custom_endpoint:
        continue
    try:
        client = session.client(service, config=config)
    except botocore.exceptions.BotoCoreError as error:
        silent.append(f"{service}: {error}")
        continue
    model = client.meta.service_model
    plain = [name for name in model.operation_names if name.startswith(("List", "Describe", "Get")) and not (model.operation_model(name).input_shape and model.operation_model(name).input_shape.required_members)]
    if not plain:
        continue
    called.append(service)
    try:
        getattr(client, botocore.xform_name(plain[0]))()
    except botocore.exceptions.ClientError:
        pass  # an answer like any other
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError, botocore.exceptions.NoCredentialsError) as error:
        silent.append(f"{service}:{plain[0]}: {error}")
    except Exception as error:  # an answer that the service's parser can't read; it came from the sandbox all the same
        if isinstance(error, OSError):
            silent.append(f"{service}:{plain[0]}: {error}")
json.dump({"called": called, "silent": silent}, sys.stdout)
