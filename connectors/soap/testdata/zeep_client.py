"""An ordinary SOAP client made from the WSDL that the connector serves."""
import sys

import zeep

client = zeep.Client(sys.argv[1])
print("answer", client.service.sendBj(xmlStr="<root>县</root>"))
try:
    client.service.sendBj(xmlStr="other")
except zeep.exceptions.Fault as fault:
    refusal = fault.detail.find("{urn:tongqu:refusal:1}refusal")
    print("fault", fault.code, refusal.findtext("{urn:tongqu:refusal:1}id"))
