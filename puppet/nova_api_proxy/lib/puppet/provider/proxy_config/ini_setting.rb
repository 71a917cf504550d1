# frozen_string_literal: true

Puppet::Type.type(:proxy_config).provide(:ini_setting) do
  desc 'Edits /etc/proxy/nova-api-proxy.conf in place.'
  PuppetX::Nfv::IniSetting.define_provider(self, '/etc/proxy/nova-api-proxy.conf')
end
