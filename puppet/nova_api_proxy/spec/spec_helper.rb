# frozen_string_literal: true

require 'rspec-puppet'

RSpec.configure do |config|
  config.module_path = File.expand_path('../..', __dir__)
  config.default_facts = { os: { 'family' => 'Debian', 'name' => 'Debian' }, osfamily: 'Debian' }
end
